"""Every schedule within a bound, interleavings included, each class of equal ones run once.

A schedule is grown element by element, in the order in which the elements take effect: after a
run, each yield point later than its last element is a place for one more preemption, act or fault.
So every set of elements is tried exactly once, on histories in which it really happens.

The reduction rests on segments that commute (neither changes what the other uses: partial-order
reduction at the granularity of yield points), in two ways:

- An actor is paused for another one only where an execution has shown that the order matters: two
  of their segments raced (see `races`). So an act enters at the latest moment first, and earlier
  only where something that had come before it did not commute with it.
- A schedule that reaches a state from which another one, with as large an allowance,
  was or will be grown, is not grown from there on (see `convergence`).

In either case an ending of the work grows like an element, where it makes a difference (see
`endings`).

What threads use is known for locks, events, queues, threads, clocks and the database, not for
plain attributes: for a manager that shares memory without any of them the reduction may miss an
order, so a bound can do without it.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import count
from operator import attrgetter
from typing import ClassVar, NamedTuple

from runfaults.explore.convergence import Visited
from runfaults.explore.determinism import compare_some
from runfaults.explore.endings import Endings
from runfaults.explore.findings import Findings
from runfaults.explore.job import NOTHING, Allowance, Job, Measured, Scope
from runfaults.explore.likelihood import ranked
from runfaults.explore.races import last_steps, reversals
from runfaults.explore.rehearsal import earliest_event, may_enter
from runfaults.explore.runner import PlayerKind, Runner
from runfaults.model import Act, Element, Fault, FaultPoint, Preemption, Schedule
from runfaults.sim.execution import Departure, Execution


@dataclass(frozen=True, slots=True)
class Search:
    """All schedules with at most so many elements of each sort.

    The jobs that a search begins with are its clean schedules: the others follow.

    Attributes:
        scope: The elements to choose from, and their surroundings.
        most: At most so many of each sort.
        reduce: True runs one of several orders that commute; False runs them all, which also
            catches managers that share plain attributes between threads without a lock.
    """

    player: ClassVar = PlayerKind.SIMULATION

    scope: Scope
    most: Allowance
    reduce: bool = False

    @property
    def strikes(self) -> tuple[str, ...]:
        """The kinds of the faults in its schedules."""
        return self.scope.kinds if self.most.faults else ()

    def describe(self, measured: Measured = NOTHING) -> str:  # noqa: ARG002  # it takes no samples
        """The schedules in words."""
        return (
            f"all schedules with {_at_most(self.most.faults, 'fault', self.scope.kinds)}, "
            f"{_at_most(self.most.acts if self.scope.acts else 0, 'act', self.scope.acts)}, "
            f"{_at_most(self.most.preemptions, 'preemption')}; "
            f"{self.scope.describe_surroundings()}" + "; orders that commute once" * self.reduce
        )

    def jobs(self, runner: Runner) -> Iterator[Job]:  # noqa: ARG002  # they are known beforehand
        """The clean schedules with the ending that stands for the others: these grow from it."""
        bases = Endings(self.scope.endings).first_of(self.scope.bases())
        parts = max(1, len(self.scope.acts)) if self._has_parts else 1
        return (self.job(base, part) for base in bases for part in range(parts))

    def job(self, base: Schedule, begin: int = 0) -> Job:
        """The job of a schedule from which others grow."""
        if self.most.preemptions:
            return Job(base, begin, rank=(4,), group="interleavings, and what they lead to")
        return ranked(base, begin)

    def run(self, runner: Runner, job: Job, found: Findings) -> None:
        """Run a base schedule and what grows from it, as far as that is no job of its own."""
        if self._has_parts:
            acts = self.scope.acts[job.begin : job.begin + 1]
            part = replace(self, scope=replace(self.scope, acts=acts))
            _Branch(runner, part, found, followed=0, with_acts_only=job.begin > 0).grow(job.base)
        else:
            _Branch(runner, self, found).grow(job.base, job.begin)
        if self._has_parts and job.begin:
            return  # the first part compares what all of them begin with
        compare_some(runner.player, job.base, found, Endings(self.scope.endings))

    @property
    def _has_parts(self) -> bool:
        """Whether all that has an act of one kind is one job: few enough, and they meet often."""
        return self.reduce and self.most == Allowance(0, 1, 1)


def _at_most(number: int, what: str, of: tuple[str, ...] = ()) -> str:
    if not number:
        return f"no {what}"
    return f"<= {number} {what}{'s' * (number > 1)}" + (f" ({', '.join(of)})" if of else "")


class Growth(NamedTuple):
    """A schedule, and where it may grow.

    Attributes:
        schedule: What is run.
        begin: The first yield point at which it may get another element; at the point before it
            only a fault. Elements come in the order in which they take effect, at one point first
            what comes before the operation, then the fault.
        departed: When its ending departed, if it differs by that alone from one that was run.
    """

    schedule: Schedule
    begin: int = 0
    departed: Departure | None = None


class _Placed(NamedTuple):
    """An element of a schedule, and when it takes effect.

    Attributes:
        step: An act's or a preemption's own step. A fault strikes when its operation begins: that
            is after its own step, and after all that the actors did that ran before it. So it has
            the last step that was reached by then.
        element: Which.
    """

    step: int
    element: Element


class _Node(NamedTuple):
    """A schedule that has just run, and where it may grow.

    Attributes:
        schedule: What was run.
        execution: What happened.
        elements: What there is, in the order in which it takes effect.
        faults: What could strike besides, each with the step that it would have.
        earliest: For each kind of act the event before which there is nothing to act upon.
        begin: See `Growth`.
        departed: When its ending had departed from all that stand for it; None if it has not.
        end: The yield point from which on all that would grow grows elsewhere.
    """

    schedule: Schedule
    execution: Execution
    elements: tuple[_Placed, ...]
    faults: tuple[tuple[int, Fault], ...]
    earliest: dict[str, int]
    begin: int
    departed: Departure | None
    end: int


class _Branch:
    """Grows schedules, and remembers what it has grown them from.

    Schedules of up to a third of the elements that the search allows are not grown here: each is a
    job of its own, so that any number of processes has something to do. What races show about
    them is a job to follow. Smaller jobs would know less of the states that others have reached:
    with those of two elements the bound 0,2,2 has a third more schedules.

    Args:
        runner: Runs the schedules.
        search: Says what grows.
        found: What comes of it.
        followed: Schedules of up to so many elements are jobs of their own; by default a third.
        with_acts_only: Whether those without any act are counted elsewhere.
    """

    def __init__(
        self,
        runner: Runner,
        search: Search,
        found: Findings,
        *,
        followed: int | None = None,
        with_acts_only: bool = False,
    ) -> None:
        self._found = found
        self._runner = runner
        self._search = search
        self._with_acts_only = with_acts_only
        self._endings = Endings(search.scope.endings)
        self._followed = max(1, sum(search.most) // 3) if followed is None else followed
        self._visited = Visited()
        self._grown: dict[Schedule, tuple[int, int]] = {}
        self._known: set[Schedule] = set()
        self._waiting: list[tuple[int, int, Growth]] = []
        self._numbers = count()

    def grow(self, base: Schedule, begin: int = 0) -> None:
        """Run a schedule and all that grows from it, fewer elements first.

        So a state is first visited with the largest allowance.
        """
        self._await(Growth(base, begin))
        while self._waiting:
            node = self._run(heapq.heappop(self._waiting)[-1])
            for child in self._children(node):
                if child.schedule.size <= self._followed and not child.departed:
                    self._found.follow(self._search.job(child.schedule, child.begin))
                else:
                    self._await(child)

    def _children(self, node: _Node) -> Iterator[Growth]:
        """What grows from a schedule, and from those that it has grown from."""
        yield from self._with_another_ending(node)
        yield from self._with_another_fault(node)
        if self._search.reduce:
            yield from self._with_acts_at_last(node)
            yield from self._where_order_matters(node)
        else:
            yield from self._interrupted(node)

    def _run(self, growth: Growth) -> _Node:
        """Run and judge a schedule, and tell how far it may grow."""
        node = self._play(growth)
        execution = node.execution
        if growth.schedule.acts or not self._with_acts_only:
            self._found.add(self._runner.judge(execution))
        allowance = self._search.most.left_by(growth.schedule)
        self._found.pruned += len(self._endings.alike(execution))
        if self._search.reduce and not growth.departed:
            self._count_as_run(node)
        if self._search.reduce and any(allowance):
            end = self._visited.visit(execution, node.begin, node.end, allowance)
            self._found.pruned += end < node.end
            possible = tuple(each for each in node.faults if each[0] < max(end, node.begin))
            node = node._replace(end=end, faults=possible)
            places = range(node.begin, node.end)
            self._found.pruned += sum(
                1 for at in places for _ in self._interruptions(node.schedule, node, at)
            )
        self._grown[node.schedule] = node.begin, node.end
        return node

    def _count_as_run(self, node: _Node) -> None:
        """An act or a preemption was counted as pruned where it stood, until it is run."""
        self._found.pruned -= bool(node.elements) and not isinstance(
            node.elements[-1].element, Fault
        )

    def _interrupted(self, node: _Node) -> Iterator[Growth]:
        """Every schedule with one act or preemption more."""
        for number in range(node.end - 1, node.begin - 1, -1):
            for element in self._interruptions(node.schedule, node, number):
                yield Growth(node.schedule.adding(element), number + 1)

    def _where_order_matters(self, node: _Node) -> Iterator[Growth]:
        """Those of them where an execution has shown that the order matters.

        What has to come before some of the node's elements is added to the others: they grow again
        from there. If the allowance permits more interruptions, every other ready actor is tried
        as well: the way there over two interruptions may begin with it
        (K. Coons, M. Musuvathi, K. McKinley: Bounded partial-order reduction, OOPSLA 2013).
        """
        elements = deque(node.elements)
        entered = _entered(node)
        so_far = node.schedule.base
        for number, actors in sorted(reversals(node.execution).items()):
            while elements and elements[0].step < number:
                so_far = so_far.adding(elements.popleft().element)
            schedule = replace(so_far, pipeline=self._endings.at(node.execution, number))
            if not self._may_grow(schedule, number):
                continue
            allowance = self._search.most.left_by(schedule)
            acts = {entered[actor] for actor in actors if actor in entered}
            for element in self._interruptions(schedule, node, number):
                wanted = element.kind in acts if isinstance(element, Act) else element.to in actors
                if wanted or allowance.acts + allowance.preemptions > 1:
                    yield Growth(schedule.adding(element), number + 1)

    def _may_grow(self, schedule: Schedule, number: int) -> bool:
        """Whether what a schedule gets at that step, after its elements, is not grown elsewhere."""
        if schedule.size < self._followed:
            return True
        begin, end = self._grown.get(schedule, (0, 0))
        return begin <= number < end

    def _interruptions(
        self, schedule: Schedule, node: _Node, number: int
    ) -> Iterator[Act | Preemption]:
        """All that the allowance lets the schedule get at a step of the node."""
        allowance, step = self._search.most.left_by(schedule), node.execution.steps[number]
        if allowance.acts:
            for kind in self._search.scope.acts:
                if may_enter(kind, step, node.earliest[kind]):
                    yield Act(kind, step.point)
        if allowance.preemptions:
            for name in sorted(step.ready):
                yield Preemption(step.point, name)

    def _with_acts_at_last(self, node: _Node) -> Iterator[Growth]:
        """Every act at the last step, from where races move it."""
        number = node.end - 1
        if number >= node.begin:
            for element in self._interruptions(node.schedule, node, number):
                if isinstance(element, Act):
                    yield Growth(node.schedule.adding(element), number + 1)

    def _with_another_ending(self, node: _Node) -> Iterator[Growth]:
        """Every ending that departs after the node's elements."""
        is_whole = node.end == len(node.execution.steps)
        for each in self._endings.others(node.execution, node.departed):
            if node.begin <= each.step and (is_whole or each.step < node.end):
                yield Growth(replace(node.schedule, pipeline=each.ending), each.step, each)

    def _with_another_fault(self, node: _Node) -> Iterator[Growth]:
        for step, fault in node.faults:
            for times in self._search.scope.counts:
                yield Growth(node.schedule.adding(fault._replace(times=times)), step + 1)

    def _await(self, growth: Growth) -> bool:
        """Have the growth run in its turn; False if that has been said before."""
        if growth.schedule in self._known:
            return False
        self._known.add(growth.schedule)
        heapq.heappush(self._waiting, (growth.schedule.size, next(self._numbers), growth))
        return True

    def _play(self, growth: Growth) -> _Node:
        schedule = growth.schedule
        kinds = self._search.scope.kinds if self._search.most.left_by(schedule).faults else None
        execution = self._runner.player.play(schedule, survey=kinds)
        end = len(execution.steps)
        departed = growth.departed or self._endings.begun(execution)
        begin = max(growth.begin, departed.step) if departed else end
        begun = _begun(execution)
        struck = {fault.at for fault in schedule.faults}
        survey = execution.survey
        latest = max((n for n, each in enumerate(survey) if each.point in struck), default=-1)
        faults = tuple(
            (begun[point], Fault(kind, point))
            for point, event, refusals in survey[latest + 1 :]
            if departed and event >= departed.event
            if begin - 1 <= begun[point] < max(end, begin)
            for kind, refusal in refusals
            if refusal is None
        )
        earliest = {kind: earliest_event(execution, kind) for kind in self._search.scope.acts}
        elements = _in_order(execution, begun)
        return _Node(schedule, execution, elements, faults, earliest, begin, departed, end)


def _begun(execution: Execution) -> dict[FaultPoint, int]:
    """For each point the last step that was reached when its operation began."""
    steps = execution.steps
    return {each.point: each.step for each in execution.used} | {
        steps[segment.step].point: last
        for segment, last in zip(execution.segments, last_steps(execution), strict=True)
        if segment.step >= 0
    }


def _in_order(execution: Execution, begun: dict[FaultPoint, int]) -> tuple[_Placed, ...]:
    """The elements of the schedule that had their moment, in the order of their effects."""
    schedule = execution.history.schedule
    reached = {each.point: number for number, each in enumerate(execution.steps)}
    placed = [
        _Placed(reached[each.at], each)
        for each in (*schedule.acts, *schedule.preemptions)
        if each.at is not None and each.at in reached
    ]
    placed += [_Placed(begun[each.at], each) for each in schedule.faults if each.at in begun]
    return tuple(sorted(placed, key=attrgetter("step")))


def _entered(node: _Node) -> dict[str, str]:
    """The actors of the schedule's acts, each with the kind of its act."""
    steps = node.execution.steps
    return {
        steps[step + 1].point.actor: each.kind
        for step, each in node.elements
        if isinstance(each, Act) and step + 1 < len(steps)
    }
