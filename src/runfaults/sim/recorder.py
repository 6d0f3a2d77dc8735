"""Writes the history down while it happens."""

from __future__ import annotations

from collections.abc import Callable

from runfaults.model import Event, EventKind
from runfaults.user_code import beginning_of, calling_code, calling_line, spelt, stack_of

MOST_PRINTED = 20_000
"""Characters of what the target prints that are kept: the last ones."""

_STUCK = EventKind.STUCK
_PLACED = frozenset({EventKind.INVOKE, EventKind.ERROR, EventKind.STRIKE, EventKind.WAIT})


class Recorder:
    """An append-only list of events.

    Attributes:
        events: What happened so far.
        clock: The virtual time of the next events.
        closed: When True nothing more is written: the schedule has ended and is being unwound.
        places: Where each operation was called from, as (event number, stack), if asked for; where
            the schedule got stuck, the line.
        with_places: Whether they are.
        stuck: How the schedule got stuck: the subjects of its STUCK events.
    """

    def __init__(self, *, with_places: bool = False) -> None:
        self.events: list[Event] = []
        self.places: list[tuple[int, str]] = []
        self.stuck: set[str] = set()
        self.with_places = with_places
        self._printed = ""
        self._cut = 0
        self.closed = False
        self.clock = 0.0

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
            if self.with_places and kind in _PLACED:
                self.places.append((len(self.events), calling_code()))
            if kind is _STUCK:
                self.stuck.add(subject)
                if self.with_places:
                    self.places.append((len(self.events), calling_line()))
            self.events.append(
                Event(len(self.events), self.clock, actor, kind, subject, value, run)
            )

    def take_over(self, event: Event, place: str | None) -> None:
        """Append an event of another process, with where it came from."""
        if place is not None:
            self.places.append((len(self.events), place))
        self.events.append(event._replace(number=len(self.events)))

    def hear(self, text: str) -> None:
        """Keep what the target prints, where places are asked for: a person will read that."""
        if not self.closed:
            self.hear_afterwards(text)

    def hear_afterwards(self, text: str) -> None:
        """Keep what is printed also where the schedule has ended, as what it left is collected."""
        if self.with_places:
            self._printed += text
            if len(self._printed) > 2 * MOST_PRINTED:
                self._shorten()

    def _shorten(self) -> None:
        self._cut += len(self._printed) - MOST_PRINTED
        self._printed = self._printed[-MOST_PRINTED:]

    @property
    def printed(self) -> str:
        """All that was heard; of very much the end, and how much was cut."""
        if len(self._printed) > MOST_PRINTED:
            self._shorten()
        before = f"({self._cut:,} characters before these are left out)\n" if self._cut else ""
        return before + self._printed

    def reply(
        self,
        actor: str,
        subject: str,
        value: str,
        run: int | None,
        method: Callable[..., object] | None,
    ) -> None:
        """Append what a method answered to a request."""
        if self.with_places and not self.closed and method is not None:
            self.places.append((len(self.events), beginning_of(method)))
        self.add(actor, EventKind.REPLY, subject, value, run)

    def answer(self, actor: str, subject: str, error: BaseException, run: int | None) -> None:
        """Append the answer to a request that raised."""
        self._note_place(error)
        self.add(actor, EventKind.REPLY, subject, f"raised {spelt(error)}", run)

    def escape(self, actor: str, error: BaseException) -> None:
        """Append that a thread died of an exception."""
        self._note_place(error)
        self.add(actor, EventKind.THREAD, "escaped", spelt(error))

    def _note_place(self, error: BaseException) -> None:
        if self.with_places and not self.closed:
            self.places.append((len(self.events), stack_of(error)))

    def get_stuck(self, how: str, why: str) -> None:
        """Append how the schedule got stuck; what follows from that is not told."""
        if not self.stuck:
            self.add("harness", EventKind.STUCK, how, why)
