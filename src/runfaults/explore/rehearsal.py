"""What can be added to a schedule: read off the history that it really has."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import NamedTuple

from runfaults.explore.runner import Player
from runfaults.model import Event, EventKind, Fault, FaultPoint, Operation, Schedule
from runfaults.sim.acts import act_named
from runfaults.sim.execution import Execution, Step, SurveyedPoint


class Moment(NamedTuple):
    """When an element of a schedule has its effect; moments are in the order of the history.

    Attributes:
        event: How many events the history had.
        operation: False when the actor arrives at its point, True when its operation begins.
        step: Number of the yield point; 0 for an operation.
    """

    event: int
    operation: bool
    step: int


BEGINNING = Moment(-1, operation=False, step=0)


class Site(NamedTuple):
    """A point without its number: what it has in common with its repetitions."""

    actor: str
    operation: Operation
    subject: str


def site_of(point: FaultPoint) -> Site:
    """The place of a point."""
    return Site(point.actor, point.operation, point.subject)


class Offer(NamedTuple):
    """Something that could be added to a schedule.

    Attributes:
        name: The fault's kind, the act's kind, or the actor that is resumed.
        point: Where.
        late: Whether it comes after everything that is there, and may be taken; the others only
            number it.
    """

    name: str
    point: FaultPoint
    late: bool


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What happened under a schedule, and what could happen besides.

    Everything up to the moment of a new element stays as it is, because the same schedule always
    gives the same history. So an element that comes after all others, at a point of this history
    and where the surveyed engine could really fail, is reached, and takes nothing away from them.

    Attributes:
        steps: The yield points.
        possible: Fault points with the event of their operation and the kinds that can strike.
        run_appeared: Number of the event with which the run appeared in the database.
        offered: Names of the acts that can be done with the manager.
        last: The moment of the schedule's last element.
    """

    steps: tuple[Step, ...]
    possible: tuple[tuple[FaultPoint, int, tuple[str, ...]], ...]
    run_appeared: int
    offered: tuple[str, ...]
    last: Moment

    def faults(self) -> Iterator[Offer]:
        """Each fault kind at each point where it can strike."""
        for point, event, kinds in self.possible:
            late = Moment(event, operation=True, step=0) > self.last
            yield from (Offer(kind, point, late=late) for kind in kinds)

    def acts(self, kinds: Sequence[str]) -> Iterator[Offer]:
        """Each of these acts that is offered, at each point where an actor can enter."""
        kinds = [kind for kind in kinds if kind in self.offered]
        for moment, step in self._moments():
            late = moment >= self.last
            for kind in kinds:
                if may_enter(kind, step, self.run_appeared):
                    yield Offer(kind, step.point, late=late)

    def preemptions(self) -> Iterator[Offer]:
        """Each other actor that is ready at each point."""
        for moment, step in self._moments():
            late = moment > self.last
            yield from (Offer(other, step.point, late=late) for other in step.ready)

    def _moments(self) -> Iterator[tuple[Moment, Step]]:
        for number, step in enumerate(self.steps):
            yield Moment(step.event, operation=False, step=number), step


def rehearse(player: Player, schedule: Schedule, kinds: Sequence[str]) -> Rehearsal:
    """Run the schedule and see what could be added to it.

    Args:
        player: Runs it.
        schedule: What is there already.
        kinds: Names of the fault kinds that could be added.
    """
    return rehearsal_of(player.play(schedule, survey=kinds))


def rehearsal_of(execution: Execution) -> Rehearsal:
    """What could be added to a schedule that was run with a survey."""
    events = execution.history.events
    return Rehearsal(
        execution.steps,
        tuple(
            (each.point, each.event, tuple(_possible(each)))
            for each in execution.survey
            if not _is_struck(events, each.event)
        ),
        first_event(execution, EventKind.STATUS),
        execution.offered,
        _last_moment(execution),
    )


def earliest_event(execution: Execution, act: str) -> int:
    """The event before which there is nothing for an act to act upon: no manager, or no run."""
    return first_event(
        execution, EventKind.STATUS if act_named(act).needs_run else EventKind.REQUEST
    )


def may_enter(act: str, step: Step, born: int) -> bool:
    """Whether an act is tried at a step.

    Args:
        act: Its kind.
        step: A step of the execution.
        born: The event before which there is nothing to act upon.
    """
    point = step.point
    of_user = point.actor == "user" and point.operation not in {Operation.REACH, Operation.LINE}
    kind = act_named(act)
    return step.event > born and not kind.to_task and (of_user or not kind.at_user)


def first_event(execution: Execution, kind: EventKind, subject: str | None = None) -> int:
    """Number of the first such event, with any subject if none is given; past the end without."""
    events = execution.history.events
    found = (
        event.number
        for event in events
        if event.kind is kind and (subject is None or event.subject == subject)
    )
    return next(found, len(events))


def _possible(surveyed: SurveyedPoint) -> Iterator[str]:
    return (kind for kind, refusal in surveyed.refusals if refusal is None)


def _is_struck(events: Sequence[Event], invoked: int) -> bool:
    """Whether a fault that is at work already strikes the operation."""
    actor = events[invoked].actor
    rest = (event for event in events[invoked + 1 :] if event.actor == actor)
    until_it_ends = takewhile(lambda event: event.kind in {EventKind.WAIT, EventKind.STRIKE}, rest)
    return any(event.kind is EventKind.STRIKE for event in until_it_ends)


def _last_moment(execution: Execution) -> Moment:
    begun = {each.point: Moment(each.event, operation=True, step=0) for each in execution.survey}
    reached = {
        step.point: Moment(step.event, operation=False, step=number)
        for number, step in enumerate(execution.steps)
    }
    for task in execution.tasks:
        reached[task.at.point] = Moment(task.at.event, operation=False, step=task.number)
    moments = [
        (begun if isinstance(each, Fault) else reached).get(each.at, BEGINNING)
        for each in execution.history.schedule.elements
        if each.at is not None
    ]
    return max(moments, default=BEGINNING)
