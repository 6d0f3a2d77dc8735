"""Writes the history down while it happens."""

from __future__ import annotations

import contextlib
import traceback
from collections.abc import Callable
from pathlib import Path

from runfaults.model import Event, EventKind


_PLACED = frozenset({EventKind.INVOKE, EventKind.ERROR, EventKind.STRIKE})

_OWN_FOLDERS = (
    Path(__file__).parents[1],
    Path(contextlib.__file__).parent,
)
"""The harness and the standard library: not where a reader looks for the cause."""


def calling_code() -> str:
    """The stack of the calling thread without the harness and the standard library.

    A line a frame: `file:line in function: code`, the outermost first; files by their last two
    parts, so that the text does not depend on where the project lies.
    """
    lines: list[str] = []
    for frame in traceback.extract_stack():
        path = Path(frame.filename)
        foreign = "site-packages" in path.parts or "<" in frame.filename
        if foreign or any(path.is_relative_to(folder) for folder in _OWN_FOLDERS):
            continue
        name = "/".join(path.parts[-2:])
        lines.append(f"{name}:{frame.lineno} in {frame.name}: {frame.line}")
    return "\n".join(lines)


class Recorder:
    """An append-only list of events.

    Attributes:
        events: What happened so far.
        closed: When True nothing more is written: the schedule is over and is being unwound.
        places: Where each operation was called from, as (event number, stack), if asked for.
    """

    def __init__(self, *, with_places: bool = False) -> None:
        self.events: list[Event] = []
        self.places: list[tuple[int, str]] = []
        self._with_places = with_places
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
            if self._with_places and kind in _PLACED:
                self.places.append((len(self.events), calling_code()))
            self.events.append(
                Event(len(self.events), self.now(), actor, kind, subject, value, run)
            )
