"""Writes the history down while it happens."""

from __future__ import annotations

import contextlib
import inspect
from functools import cache
from linecache import getline
from pathlib import Path
from typing import NamedTuple

from runfaults.model import Event, EventKind

_PLACED = frozenset({EventKind.INVOKE, EventKind.ERROR, EventKind.STRIKE, EventKind.WAIT})

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
    places: list[_Place] = []
    frame = inspect.currentframe()
    while frame is not None:
        code = frame.f_code
        if _is_of_the_target(code.co_filename):
            places.append(_Place(code.co_filename, frame.f_lineno, code.co_name))
        frame = frame.f_back
    return _described(tuple(reversed(places)))


class _Place(NamedTuple):
    file: str
    line: int
    function: str


# A livelock has tens of thousands of events that come from a handful of places.
@cache
def _is_of_the_target(file: str) -> bool:
    path = Path(file)
    foreign = "site-packages" in path.parts or "<" in file
    return not foreign and not any(path.is_relative_to(folder) for folder in _OWN_FOLDERS)


@cache
def _described(places: tuple[_Place, ...]) -> str:
    return "\n".join(
        f"{'/'.join(Path(file).parts[-2:])}:{line} in {function}: {getline(file, line).strip()}"
        for file, line, function in places
    )


class Recorder:
    """An append-only list of events.

    Attributes:
        events: What happened so far.
        clock: The virtual time of the next events.
        closed: When True nothing more is written: the schedule is over and is being unwound.
        places: Where each operation was called from, as (event number, stack), if asked for.
    """

    def __init__(self, *, with_places: bool = False) -> None:
        self.events: list[Event] = []
        self.places: list[tuple[int, str]] = []
        self._with_places = with_places
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
            if self._with_places and kind in _PLACED:
                self.places.append((len(self.events), calling_code()))
            self.events.append(
                Event(len(self.events), self.clock, actor, kind, subject, value, run)
            )
