"""Every schedule within a bound, interleavings included, each class of equal ones run once.

A schedule is grown element by element, in the order in which the elements take effect: after a
run, each yield point later than its last element is a place for one more preemption, act or fault.
So every set of elements is tried exactly once, on histories in which it really happens.

The reduction rests on stretches that commute (neither changes what the other uses: partial-order
reduction at the granularity of yield points), in two ways:

- An actor is paused for another one only where an execution has shown that the order matters: two
  of their stretches raced (see `races`). So an act enters at the latest moment first, and earlier
  only where something that had come before it did not commute with it.
- A schedule that has come to a state from which another one, with as much room for more elements,
  was or will be grown, is not grown from there on (see `convergence`).

What threads use is known for locks, events, queues, threads, clocks and the database, not for
plain attributes: for a manager that shares memory without any of them the reduction may miss an
order, so a bound can do without it.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from operator import attrgetter
from typing import NamedTuple

from runfaults.explore.bound import SearchBound
from runfaults.explore.convergence import Room, Visited
from runfaults.explore.findings import Findings
from runfaults.explore.races import last_steps, reversals
from runfaults.explore.rehearsal import birth
from runfaults.explore.shard import Shard
from runfaults.model import Act, Fault, FaultPoint, Preemption, Schedule
from runfaults.model.schedule import Element
from runfaults.oracle.judge import judge
from runfaults.sim.execution import Execution
from runfaults.sim.simulation import Simulation


class _Placed(NamedTuple):
    """An element of a schedule, and when it takes effect.

    Attributes:
        step: An act's or a preemption's own step. A fault strikes when its operation begins: that
            is after its own step, and after all that others did who went on before it. So it has
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
        births: For each kind of act the event before which there is nothing to act upon.
        begin: See `Shard`.
        end: The yield point from which on all that would grow grows elsewhere.
    """

    schedule: Schedule
    execution: Execution
    elements: tuple[_Placed, ...]
    faults: tuple[tuple[int, Fault], ...]
    births: dict[str, int]
    begin: int
    end: int


def roots(bound: SearchBound) -> list[Shard]:
    """The shards that a search begins with: the others come up as `Findings.further`."""
    return [Shard(base) for base in bound.bases()]


def search_shard(simulation: Simulation, shard: Shard, bound: SearchBound) -> Findings:
    """Run a shard and what grows from it, as far as that is no shard of its own."""
    branch = _Branch(simulation, bound)
    branch.grow(shard)
    return branch.findings


def search(simulation: Simulation, bound: SearchBound) -> Findings:
    """Run the whole search in this process."""
    findings = Findings()
    shards = dict.fromkeys(roots(bound))
    done: set[Shard] = set()
    while shards:
        shard, _ = shards.popitem()
        done.add(shard)
        found = search_shard(simulation, shard, bound)
        findings.merge(found)
        shards |= {each: None for each in found.further if each not in done}
    return findings


class _Branch:
    """Grows schedules, and remembers what it has grown them from.

    Schedules of up to a third of the elements that the bound allows are not grown here: each is a
    shard of its own, so that any number of processes has something to do. What races show about
    them is for whoever hands shards out. Smaller shards would know less of the states that others
    have come to: with those of two elements the bound 0,2,2 has a third more schedules.
    """

    def __init__(self, simulation: Simulation, bound: SearchBound) -> None:
        self.findings = Findings()
        self._simulation = simulation
        self._bound = bound
        self._sharded = max(1, (bound.faults + bound.acts + bound.preemptions) // 3)
        self._visited = Visited()
        self._grown: dict[Schedule, tuple[int, int]] = {}
        self._known: set[Schedule] = set()
        self._waiting: list[tuple[int, int, Shard]] = []
        self._numbers = count()

    def grow(self, shard: Shard) -> None:
        """Run a shard and all that grows from it, fewer elements first.

        So a state is first visited with most room to grow.
        """
        self._await(shard)
        while self._waiting:
            node = self._run(heapq.heappop(self._waiting)[-1])
            for child in self._children(node):
                if child.schedule.size <= self._sharded:
                    self.findings.further[child] = None
                else:
                    self._await(child)

    def _children(self, node: _Node) -> Iterator[Shard]:
        """What grows from a schedule, and from those that it has grown from."""
        yield from self._with_another_fault(node)
        if self._bound.reduce:
            yield from self._with_acts_at_last(node)
            yield from self._where_order_matters(node)
        else:
            yield from self._interrupted(node)

    def _run(self, shard: Shard) -> _Node:
        """Run and judge a schedule, and find out how far it may grow."""
        node = self._play(shard)
        execution = node.execution
        self.findings.add(execution.history, judge(execution.history))
        self.findings.note_problems(execution)
        room = self._room(shard.schedule)
        if self._bound.reduce:
            self._count_as_run(node)
        if self._bound.reduce and any(room):
            end = self._visited.visit(execution, node.begin, node.end, room)
            self.findings.pruned += end < node.end
            possible = tuple(each for each in node.faults if each[0] < max(end, node.begin))
            node = node._replace(end=end, faults=possible)
            places = range(node.begin, node.end)
            self.findings.pruned += sum(
                1 for at in places for _ in self._interruptions(node.schedule, node, at)
            )
        self._grown[node.schedule] = node.begin, node.end
        return node

    def _count_as_run(self, node: _Node) -> None:
        """An act or a preemption was counted as pruned where it stood, until it is run."""
        self.findings.pruned -= bool(node.elements) and not isinstance(
            node.elements[-1].element, Fault
        )

    def _interrupted(self, node: _Node) -> Iterator[Shard]:
        """Every schedule with one act or preemption more."""
        for number in range(node.end - 1, node.begin - 1, -1):
            for element in self._interruptions(node.schedule, node, number):
                yield Shard(node.schedule.adding(element), number + 1)

    def _where_order_matters(self, node: _Node) -> Iterator[Shard]:
        """Those of them where an execution has shown that the order matters.

        What has to come before some of the node's elements is added to the others: they grow again
        from there. Where more interruptions may follow, whoever could go on in the place of the
        one that has to is tried too: the way there over two interruptions may begin with it
        (K. Coons, M. Musuvathi, K. McKinley: Bounded partial-order reduction, OOPSLA 2013).
        """
        elements = deque(node.elements)
        entered = _entered(node)
        schedule = replace(node.schedule, faults=(), acts=(), preemptions=())
        for number, actors in sorted(reversals(node.execution).items()):
            while elements and elements[0].step < number:
                schedule = schedule.adding(elements.popleft().element)
            if not self._may_grow(schedule, number):
                continue
            room = self._room(schedule)
            acts = {entered[actor] for actor in actors if actor in entered}
            for element in self._interruptions(schedule, node, number):
                wanted = element.kind in acts if isinstance(element, Act) else element.to in actors
                if wanted or room.acts + room.preemptions > 1:
                    yield Shard(schedule.adding(element), number + 1)

    def _may_grow(self, schedule: Schedule, number: int) -> bool:
        """Whether what a schedule gets at that step, after its elements, is not grown elsewhere."""
        if schedule.size < self._sharded:
            return True
        begin, end = self._grown.get(schedule, (0, 0))
        return begin <= number < end

    def _interruptions(
        self, schedule: Schedule, node: _Node, number: int
    ) -> Iterator[Act | Preemption]:
        """All that the schedule has room for at a step of the node."""
        room, step = self._room(schedule), node.execution.steps[number]
        if room.acts:
            for kind in self._bound.act_kinds:
                if step.event > node.births[kind]:
                    yield Act(kind, step.point)
        if room.preemptions:
            for name in sorted(step.ready):
                yield Preemption(step.point, name)

    def _with_acts_at_last(self, node: _Node) -> Iterator[Shard]:
        """Every act at the last step, from where races move it."""
        number = node.end - 1
        if number >= node.begin:
            for element in self._interruptions(node.schedule, node, number):
                if isinstance(element, Act):
                    yield Shard(node.schedule.adding(element), number + 1)

    def _with_another_fault(self, node: _Node) -> Iterator[Shard]:
        for step, fault in node.faults:
            for times in self._bound.counts:
                yield Shard(node.schedule.adding(fault._replace(times=times)), step + 1)

    def _await(self, shard: Shard) -> bool:
        """Have the shard run in its turn; False if that has been said before."""
        if shard.schedule in self._known:
            return False
        self._known.add(shard.schedule)
        heapq.heappush(self._waiting, (shard.schedule.size, next(self._numbers), shard))
        return True

    def _play(self, shard: Shard) -> _Node:
        schedule, begin = shard.schedule, shard.begin
        kinds = self._bound.kinds if self._room(schedule).faults else ()
        execution, survey = self._simulation.survey(schedule, kinds)
        end = len(execution.steps)
        begun = _begun(execution)
        struck = {fault.at for fault in schedule.faults}
        latest = max((n for n, each in enumerate(survey) if each.point in struck), default=-1)
        faults = tuple(
            (begun[point], Fault(kind, point))
            for point, _event, refusals in survey[latest + 1 :]
            if begin - 1 <= begun[point] < max(end, begin)
            for kind, refusal in refusals
            if refusal is None
        )
        births = {kind: birth(execution, kind) for kind in self._bound.act_kinds}
        elements = _in_order(execution, begun)
        return _Node(schedule, execution, elements, faults, births, begin, end)

    def _room(self, schedule: Schedule) -> Room:
        bound = self._bound
        return Room(
            bound.faults - len(schedule.faults),
            bound.acts - len(schedule.acts),
            bound.preemptions - len(schedule.preemptions),
        )


def _begun(execution: Execution) -> dict[FaultPoint, int]:
    """For each point the last step that was reached when its operation began."""
    steps = execution.steps
    return {
        steps[stretch.step].point: last
        for stretch, last in zip(execution.stretches, last_steps(execution), strict=True)
        if stretch.step >= 0
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
