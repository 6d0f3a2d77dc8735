"""The wall clock: what the target's code is told of the date while virtual time passes."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator

import time_machine

from runfaults.sim.actor import current_actor

EPOCH = 1_767_225_600.0
"""The wall clock when a schedule begins: 2026-01-01 00:00:00 UTC."""

WALL_CLOCK = "wall clock"
"""As a thing that actors use."""


class WallClock:
    """Follows virtual time, and can be set.

    Args:
        move_to: Sets the clock of Python, in seconds since 1970.
        begins_at: What it shows when virtual time begins.
    """

    def __init__(self, move_to: Callable[[float], None], begins_at: float) -> None:
        self._move_to = move_to
        self._zero = begins_at

    def show(self, now: float) -> None:
        """Show that so many virtual seconds have passed."""
        self._move_to(self._zero + now)

    def set_by(self, seconds: float) -> None:
        """Set it forward, or back; `show` has it seen."""
        self._zero += seconds


@contextlib.contextmanager
def controlled_wall_clock(begins_at: float = EPOCH) -> Generator[WallClock]:
    """Have Python's clock stand still but for what a `WallClock` shows."""
    with time_machine.travel(begins_at, tick=False) as traveller:
        traveller.time_ns = _read_by_actors(traveller.time_ns)
        yield WallClock(traveller.move_to, begins_at)


def _read_by_actors(real: Callable[[], int]) -> Callable[[], int]:
    """The wall clock's time; an actor that reads it uses what another one may set."""

    def time_ns() -> int:
        actor = current_actor()
        if actor is not None:
            actor.turns.touch(WALL_CLOCK, change=False)
        return real()

    return time_ns
