"""Notices that a schedule goes round: it returns to a state in which it was before."""

from __future__ import annotations

import sys
from _thread import get_ident
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from math import inf

from runfaults.model import FaultPoint
from runfaults.sim.actor import Actor, State
from runfaults.sim.snapshot import IncomparableError, Snapshot

FIRST_LOOK = 256
"""Yield points before which no schedule is suspected."""

RETURNS = 3
"""Returns to one state after which it is believed, unless the clock moves on meanwhile."""

FAILURES = 16
"""Comparisons that may fail before no more are made for a while; each costs a millisecond."""


QUIET = 128
"""Yield points without news, after which none is expected: longer than one round of a heartbeat."""

LONG = 60.0
"""Virtual seconds of a sleep that is worth being looked at."""

_EVERY = 16
"""Yield points between two looks for actors that have fallen asleep."""

LEAP = 43_200.0
"""Virtual seconds that pass at once where nothing but the clock changes."""

FIRST_ELAPSE = 1.0
"""Virtual seconds that pass at once while an actor sleeps; twice as many the next time."""


@dataclass(frozen=True, slots=True)
class Leap:
    """Time that passes at once, as if the rounds until then had been made.

    Attributes:
        seconds: Virtual seconds.
        asleep: Actors whose deadlines come nearer. Those of all others are put off by as much: what
            returns to the same state after that always will.
    """

    seconds: float
    asleep: frozenset[Actor] = frozenset()


class GivesUp:
    """No more is to be seen of a schedule: it will always return to the same state."""


@dataclass(frozen=True, slots=True)
class _Reference:
    """A state to return to.

    Attributes:
        state: The stacks and what they refer to, and the circumstances; None if that cannot be
            compared.
        step: Number of the step at which it was taken.
        left: Virtual seconds until the deadline of each actor that has one.
        clock: Virtual seconds since the schedule began.
        news: What the target has written and told, and who lives.
    """

    state: Snapshot | None
    step: int
    left: Mapping[Actor, float]
    clock: float
    news: object

    def is_met(self, now: _Reference, asleep: Collection[Actor]) -> bool:
        """Whether all but those asleep do the same again."""
        if now.state is None or self.state is None:
            return False
        return now.state.is_like(self.state) and now.awake(asleep) == self.awake(asleep)

    def awake(self, asleep: Collection[Actor]) -> list[tuple[str, float]]:
        """Role and deadline of all others; the next timer is another actor in the same role."""
        return [(_role(a.name), left) for a, left in self.left.items() if a not in asleep]


class Recurrence:
    """Compares the state of a schedule at its yield points with an earlier one.

    The earlier one is that of the step 256, then 512, 1024, ...: a round that begins late, or is
    long, is found too (R. P. Brent, "An improved Monte Carlo factorization algorithm", 1980). A
    state that cannot be compared, as one between two rows of a query, is passed over.

    While an actor sleeps less is enough: the others count or draw lots, but write and tell nothing.
    Who renews a lease writes: then time passes as it does.

    Args:
        circumstances: The state outside the target's memory, as plain values.
        news: What the target has written and told.
    """

    def __init__(
        self, circumstances: Callable[[], object], news: Callable[[], object] = tuple
    ) -> None:
        self._circumstances = circumstances
        self._news = news
        self._due = FIRST_LOOK
        self._delay = 0
        self._place: tuple[object, ...] | None = None
        self._actor = ""
        self._reference: _Reference | None = None
        self._failures = 0
        self._returns = 0
        self._enough = RETURNS
        self._leapt = False
        self._elapse = FIRST_ELAPSE
        self._anew = inf
        self._asleep: frozenset[Actor] = frozenset()

    def begin_anew(self, step: int) -> None:
        """Take a new state to return to at the next yield point.

        What comes then is expected to be threads that poll: one return is enough to know them.
        """
        self._due, self._delay, self._enough = step, 0, 1
        self._reference = None

    def look(
        self, step: int, point: FaultPoint, actors: Sequence[Actor], clock: float
    ) -> Leap | GivesUp | None:
        """Look at a yield point; say what is to be done, if anything."""
        is_between = step % _EVERY or step < FIRST_LOOK
        if self._reference is None and is_between and step < self._due + self._delay:
            return None  # as at nearly every step
        if self._enough == 1 and not _is_of_target(point.actor, actors):
            return None
        place = (_role(point.actor), point.operation, _role(point.subject))
        due = min(self._due + self._delay, self._anew)
        if step >= due or self._has_fallen_asleep(step, actors, clock):
            self._actor = point.actor
            self._take(step, place, actors, clock)
            return None
        if self._reference is None or place != self._place:
            return None
        if self._enough == 1 and self._is_anothers(point, actors):
            return None
        return self._compare(self._reference, step, actors, clock)

    def _compare(
        self, reference: _Reference, step: int, actors: Sequence[Actor], clock: float
    ) -> Leap | GivesUp | None:
        """Compare a state with the one to return to, at the same place."""
        asleep = frozenset(each for each in actors if _sleeps_since(each, reference.step))
        if asleep and self._failures == FAILURES:
            return self._let_pass_without_news(reference, step, asleep, actors, clock)
        self._count(self._refer(step, actors, clock), reference, asleep)
        if self._returns < self._enough:
            return None
        if asleep:
            return self._let_pass(asleep, clock)
        if clock == reference.clock or self._leapt:
            return GivesUp()
        self._leapt, self._returns = True, min(1, self._enough - 1)
        return Leap(LEAP)

    def _is_anothers(self, point: FaultPoint, actors: Sequence[Actor]) -> bool:
        """Whether the state to return to is that of another one who is still there."""
        return point.actor != self._actor and any(
            actor.alive for actor in actors if actor.name == self._actor
        )

    def _has_fallen_asleep(self, step: int, actors: Sequence[Actor], clock: float) -> bool:
        """Whether an actor has slept for so many steps that it is time to look, and will longer."""
        if step % _EVERY:
            return False
        asleep = {each for each in actors if _sleeps_since(each, step - FIRST_LOOK)}
        new = {each for each in asleep - self._asleep if (each.deadline or 0.0) - clock > LONG}
        self._asleep = frozenset(asleep & (self._asleep | new))
        return bool(new)

    def _take(
        self, step: int, place: tuple[object, ...], actors: Sequence[Actor], clock: float
    ) -> None:
        """Take a reference; if it cannot be compared, take another one soon."""
        if step >= self._anew:
            self._take_news(step, place, actors, clock)
            return
        self._place, self._failures, self._returns, self._leapt = place, 0, 0, False
        self._elapse, self._anew = FIRST_ELAPSE, inf
        self._reference = self._refer(step, actors, clock)
        if step < self._due:
            return
        self._delay += 1
        if self._reference.state is not None or self._delay == FAILURES:
            self._due, self._delay = 2 * self._due, 0

    def _take_news(
        self, step: int, place: tuple[object, ...], actors: Sequence[Actor], clock: float
    ) -> None:
        """Take what was written and told by now; the state is known to be another one each time."""
        self._place, self._elapse, self._anew = place, FIRST_ELAPSE, inf
        self._reference = _Reference(None, step, {}, clock, self._told(actors))

    def _count(self, now: _Reference, reference: _Reference, asleep: Collection[Actor]) -> None:
        if reference.is_met(now, asleep):
            self._returns += 1
            return
        self._failures += 1
        if self._enough == 1 and now.state is not None:
            self._reference = now  # of those who poll, one round is like the round before
        if self._failures == FAILURES and not asleep:
            self._reference, self._returns = None, 0

    def _let_pass_without_news(
        self,
        reference: _Reference,
        step: int,
        asleep: frozenset[Actor],
        actors: Sequence[Actor],
        clock: float,
    ) -> Leap | None:
        """Let some time pass if nothing was written or told for a while since the reference."""
        if self._told(actors) != reference.news:
            self._reference, self._returns = None, 0
            self._anew = step + _EVERY
            return None
        return self._let_pass(asleep, clock) if step >= reference.step + QUIET else None

    def _let_pass(self, asleep: frozenset[Actor], clock: float) -> Leap | None:
        """Let some time pass, not all at once: those that go round may look at the clock too."""
        left = min(actor.deadline or 0.0 for actor in asleep) - clock
        seconds = min(self._elapse, left)
        self._elapse *= 2
        self._returns = self._enough - 1
        return Leap(seconds, asleep) if seconds > 0 else None

    def _refer(self, step: int, actors: Sequence[Actor], clock: float) -> _Reference:
        alive = [actor for actor in actors if actor.state is not State.DONE]
        left = {a: round(a.deadline - clock, 6) for a in alive if a.deadline is not None}
        return _Reference(self._snapshot(alive, clock), step, left, clock, self._told(actors))

    def _told(self, actors: Sequence[Actor]) -> object:
        alive = [_role(actor.name) for actor in actors if actor.state is not State.DONE]
        return self._news(), sorted(alive)

    def _snapshot(self, actors: Sequence[Actor], clock: float) -> Snapshot | None:
        taken = Snapshot(clock)
        running = get_ident()
        frames = sys._current_frames()  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  # the documented way to see all stacks
        try:
            taken.add(self._circumstances())
            for actor in actors:
                taken.add((_role(actor.name), actor.state, actor.wait and actor.wait.subject))
                ident = None if actor.thread is None else actor.thread.ident
                if ident is not None:
                    taken.add_stack(frames.get(ident), None if ident == running else actor.resumed)
        except IncomparableError:
            return None
        except Exception:  # noqa: BLE001  # a class can still have its say: then it is not compared
            return None
        return taken


def _is_of_target(name: str, actors: Sequence[Actor]) -> bool:
    return any(actor.of_target for actor in actors if actor.name == name)


def _sleeps_since(actor: Actor, step: int) -> bool:
    return actor.state is State.BLOCKED and actor.deadline is not None and actor.since < step


def _role(name: str) -> str:
    """A name without its number: the next timer is a new thread."""
    return name.rstrip("0123456789").rstrip("-")
