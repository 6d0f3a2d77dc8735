"""Writes the history down while it happens."""

from __future__ import annotations

from collections.abc import Callable

from runfaults.model import Event, EventKind


class Recorder:
    """An append-only list of events.

    Attributes:
        events: What happened so far.
        closed: When True nothing more is written: the schedule is over and is being unwound.
    """

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.closed = False
        self.now: Callable[[], float] = float

    def add(
        self,
        actor: str,
        kind: EventKind,
        subject: str = "",
        value: str = "",
        run: int | None = None,
    ) -> None:
        """Append an event at the present virtual time."""
        if not self.closed:
            self.events.append(
                Event(len(self.events), self.now(), actor, kind, subject, value, run)
            )
