"""Notices that a schedule goes round: it returns to a state in which it was before."""

from __future__ import annotations

import sys
from _thread import get_ident
from collections.abc import Callable, Sequence
from enum import Enum, auto

from runfaults.model import FaultPoint
from runfaults.sim.actor import Actor, State
from runfaults.sim.snapshot import IncomparableError, Snapshot

FIRST_LOOK = 256
"""Yield points before which no schedule is suspected."""

RETURNS = 3
"""Returns to one state after which it is believed, unless the clock moves on meanwhile."""

LOOKS = 16
"""Comparisons with one state, which cost about a millisecond each."""


class Next(Enum):
    """What the scheduler does with a schedule."""

    GO_ON = auto()
    LEAP = auto()
    """Moves the clock on by hours, as if the rounds until then had been made: what waits for a
    deadline ends its wait now, and what returns to the same state after that always will."""
    GIVE_UP = auto()


class Recurrence:
    """Compares the state of a schedule at its yield points with an earlier one.

    The earlier one is that of the step 256, then 512, 1024, ...: a round that begins late, or is
    long, is found too (R. P. Brent, "An improved Monte Carlo factorization algorithm", 1980).

    Args:
        circumstances: The state outside the target's memory, as plain values.
    """

    def __init__(self, circumstances: Callable[[], object]) -> None:
        self._circumstances = circumstances
        self._due = FIRST_LOOK
        self._place: tuple[object, ...] | None = None
        self._state: Snapshot | None = None
        self._looks = 0
        self._returns = 0
        self._leapt = False

    def look(self, step: int, point: FaultPoint, actors: Sequence[Actor], clock: float) -> Next:
        """Look at a yield point; say what is to be done."""
        place = (_role(point.actor), point.operation, _role(point.subject))
        if step >= self._due:
            self._due *= 2
            self._place, self._looks, self._returns, self._leapt = place, 0, 0, False
            self._state = self._snapshot(actors, clock)
            return Next.GO_ON
        if self._state is None or place != self._place:
            return Next.GO_ON
        self._returns += self._is_back(self._state, actors, clock)
        if self._returns < RETURNS:
            return Next.GO_ON
        if clock == self._state.clock or self._leapt:
            return Next.GIVE_UP
        self._leapt, self._returns = True, 1
        return Next.LEAP

    def _is_back(self, state: Snapshot, actors: Sequence[Actor], clock: float) -> bool:
        now = self._snapshot(actors, clock)
        self._looks += 1
        if now is None or self._looks == LOOKS:
            self._state = None
        return now is not None and now.is_like(state)

    def _snapshot(self, actors: Sequence[Actor], clock: float) -> Snapshot | None:
        taken = Snapshot(clock)
        running = get_ident()
        frames = sys._current_frames()  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  # the documented way to see all stacks
        try:
            taken.add(self._circumstances())
            for actor in actors:
                if actor.state is State.DONE:
                    continue
                until = None if actor.deadline is None else round(actor.deadline - clock, 6)
                taken.add(
                    (_role(actor.name), actor.state, actor.wait and actor.wait.subject, until)
                )
                ident = None if actor.thread is None else actor.thread.ident
                if ident is not None:
                    taken.add_stack(frames.get(ident), None if ident == running else actor.resumed)
        except IncomparableError:
            return None
        except Exception:  # noqa: BLE001  # a class can still have its say: then it is not compared
            return None
        return taken


def _role(name: str) -> str:
    """A name without its number: the next timer is a new thread."""
    return name.rstrip("0123456789").rstrip("-")
