"""Ends schedules that go nowhere: a livelock, a hang, or threads that poll for what never comes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NoReturn, Protocol

from runfaults.model import EventKind, FaultPoint
from runfaults.sim.actor import Actor, State
from runfaults.sim.recorder import Recorder
from runfaults.sim.recurrence import LONG, Leap, Recurrence

MAX_STEPS = 20_000
"""Yield points after which a schedule that goes nowhere is called a livelock."""

MAX_VIRTUAL_SECONDS = 86_400.0
"""Virtual time after which a schedule that goes nowhere is called a livelock."""


class Course(Protocol):
    """A schedule in progress, as far as it can be shortened or ended.

    Attributes:
        clock: Virtual seconds since the schedule began.
        all_actors: Every actor there has been.
    """

    clock: float
    all_actors: list[Actor]

    def rouse(self) -> bool:
        """Resume the first of those who wait until nothing can happen; False if there is none."""
        ...

    def leap(self, leap: Leap) -> None:
        """Let virtual time pass at once."""
        ...

    def end_here(self) -> NoReturn:
        """End the schedule while the running actor is where it is."""
        ...


@dataclass(slots=True)
class Livelock:
    """Looks for one at every yield point.

    Attributes:
        course: The schedule in progress.
        recorder: Is told how it got stuck.
        recurrence: Notices that the schedule goes round; None: the limits of steps and time do.
        goes_round: Whether the same will be done again in the same state.
        trouble: Seconds that the faults at work last which only time ends: what repeats may
            continue then.
        is_idle: Asks whether those that still run have nothing left to do.
        still_to_come: How near the schedule's other elements are: it does not end while they come
            nearer. Time passes as without them, so that a point is the moment that it was when the
            point was found.
        longest: Virtual seconds that it may last.
        shortened: Whether it went round, and rounds were passed over.
        polling: Whether the schedule ended while threads looked for work that never comes.
    """

    course: Course
    recorder: Recorder
    recurrence: Recurrence | None = None
    goes_round: bool = True
    trouble: Callable[[], float] = lambda: 0.0
    is_idle: Callable[[], bool] = lambda: False
    still_to_come: Callable[[], list[int]] = list[int]
    longest: float = MAX_VIRTUAL_SECONDS
    shortened: bool = False
    polling: bool = False
    _leapt: float = 0.0
    _came: list[int] = field(default_factory=list[int])

    def look(self, point: FaultPoint, operations: int) -> None:
        """Look at a yield point.

        Args:
            point: Which.
            operations: How many there have been.

        Raises:
            SimulationOver: if the schedule ends here.
        """
        if self.recurrence is not None:
            self._look_for_recurrence(self.recurrence, point, operations)
        if operations > MAX_STEPS:
            self._end_at_limit(operations)

    def require_time(self, until: float) -> None:
        """End the schedule if it would last longer than any that goes somewhere.

        Raises:
            SimulationOver: then.
        """
        if until - self._leapt > self.longest:
            self.end_if_idle()
            self.give_up(f"no end within {self.longest:.0f} virtual seconds")

    def end_if_idle(self) -> None:
        """End the schedule here if those that still run have nothing left to do.

        Raises:
            SimulationOver: then.
        """
        if self.is_idle():
            self.polling = True
            self.course.end_here()

    def give_up(self, reason: str) -> NoReturn:
        """End the schedule here as a livelock.

        Raises:
            SimulationOver: always.
        """
        self.recorder.get_stuck("livelock", reason)
        self.course.end_here()

    def _look_for_recurrence(
        self, recurrence: Recurrence, point: FaultPoint, operations: int
    ) -> None:
        course = self.course
        found = recurrence.look(operations, point, course.all_actors, course.clock)
        if found is None:
            return
        self.shortened = True
        if isinstance(found, Leap):
            self._leap(found)
        elif seconds := self.trouble():
            self._leap(Leap(seconds))
        else:
            self._go_round(recurrence, operations)

    def _go_round(self, recurrence: Recurrence, operations: int) -> None:
        """Nothing new can come of what the actors do: they poll, or go round without an end."""
        if self.course.rouse():
            recurrence.begin_anew(operations)
            return
        before, self._came = self._came, self.still_to_come()
        if self._came != before:
            return
        self.end_if_idle()
        if self.goes_round:
            self.give_up(f"the same state again and again, within {operations} steps")

    def _leap(self, leap: Leap) -> None:
        self._leapt += 0.0 if leap.asleep else leap.seconds
        self.course.leap(leap)

    def _end_at_limit(self, operations: int) -> NoReturn:
        """It is no livelock if an actor waits for a deadline, or a fault still strikes."""
        self.end_if_idle()
        why = f"{MAX_STEPS} steps without an end"
        latest = self.recorder.events[-MAX_STEPS // 4 :]
        if any(event.kind is EventKind.STRIKE for event in latest):
            self.recorder.get_stuck("hang", f"{why}, and a fault strikes again and again")
        for actor in self.course.all_actors:
            if actor.state is not State.BLOCKED or not actor.deadline:
                continue
            waited = operations - actor.since
            if waited > MAX_STEPS / 4 or actor.deadline - self.course.clock > LONG:
                until = f"{actor.name} waits until {actor.deadline:g} s"
                self.recorder.get_stuck("hang", f"{why}, while {until}")
        self.give_up(why)
