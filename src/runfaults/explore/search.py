"""Every schedule within a bound, interleavings included, each class of equal ones run once.

A schedule is grown element by element, in the order in which the elements take effect: after a
run, each yield point later than its last element is a place for one more preemption, act or fault.
So every set of elements is tried exactly once, on histories in which it really happens.

The reduction rests on stretches that commute (neither changes what the other uses: partial-order
reduction at the granularity of yield points), in two ways:

- Pausing an actor for another one right before a stretch, or right after it, gives the same outcome
  if the stretch and everything that the other one does meanwhile commute. Of such neighbours only
  the later is run; where more elements may follow, only if the stretch touches nothing at all.
- A schedule that has come to a state from which another one, with as much room for more elements,
  was or will be grown, is not grown from there on (see `convergence`).

What threads use is known for locks, events, queues, threads, clocks and the database, not for
plain attributes: for a manager that shares memory without any of them the reduction may miss an
order, so a bound can do without it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import NamedTuple

from runfaults.explore.bound import SearchBound
from runfaults.explore.convergence import Room, Visited
from runfaults.explore.findings import Findings
from runfaults.model import Act, EventKind, Fault, Preemption, Schedule
from runfaults.oracle.judge import judge
from runfaults.sim.acts import WITHOUT_RUN
from runfaults.sim.scheduler import Stretch
from runfaults.sim.world import Execution, Simulation

Touch = tuple[object, bool]
"""A shared thing, and whether it was changed: see `Stretch`."""


class Shard(NamedTuple):
    """A schedule, and where it may grow.

    Attributes:
        schedule: What is run.
        begin: The first yield point at which it may get another element; at the point before it
            only a fault. Elements come in the order in which they take effect, at one point first
            what comes before the operation, then the fault.
        end: The yield point from which on all that would grow grows elsewhere; None if none does.
        pruned: Places where nothing more grows.
    """

    schedule: Schedule
    begin: int = 0
    end: int | None = None
    pruned: int = 0


class _Node(NamedTuple):
    """A schedule that has just run, and where it may grow."""

    schedule: Schedule
    execution: Execution
    faults: tuple[tuple[int, Fault], ...]
    begin: int
    end: int

    @property
    def shard(self) -> Shard:
        """What is needed to run it again and grow it."""
        return Shard(self.schedule, self.begin, self.end)


def roots(simulation: Simulation, bound: SearchBound) -> list[Shard]:
    """The shards of a search: the empty schedules and those with one element, reduced."""
    shards: list[Shard] = []
    for base in bound.bases():
        branch = _Branch(simulation, bound)
        children = [child.shard for child in branch.children(branch.run(Shard(base)))]
        shards += [Shard(base, end=0, pruned=branch.findings.pruned), *children]
    return shards


def search_shard(simulation: Simulation, shard: Shard, bound: SearchBound) -> Findings:
    """Run a shard and everything that grows from it."""
    branch = _Branch(simulation, bound)
    branch.grow(shard)
    return branch.findings


def search(simulation: Simulation, bound: SearchBound) -> Findings:
    """Run the whole search in this process."""
    findings = Findings()
    for shard in roots(simulation, bound):
        findings.merge(search_shard(simulation, shard, bound))
    return findings


class _Branch:
    """Grows schedules, and remembers the states from which it has done so."""

    def __init__(self, simulation: Simulation, bound: SearchBound) -> None:
        self.findings = Findings()
        self._simulation = simulation
        self._bound = bound
        self._visited = Visited()

    def grow(self, shard: Shard) -> None:
        """Run a shard and all that grows from it, fewer elements first.

        So a state is first visited with most room to grow. A schedule that waits to grow is run
        again then: all those executions would fill the memory.
        """
        self.findings.pruned += shard.pruned
        node = self.run(shard)
        waiting = deque([node.shard])
        while waiting:
            node = node if node.schedule == waiting[0].schedule else self._play(waiting[0])
            waiting.popleft()
            waiting += [child.shard for child in self.children(node) if self._can_grow(child)]

    def children(self, node: _Node) -> Iterator[_Node]:
        """Every schedule with one element more, taking effect later than all others."""
        schedule, bound = node.schedule, self._bound
        if len(schedule.faults) < bound.faults:
            yield from self._with_another_fault(node)
        if len(schedule.acts) < bound.acts:
            for kind in bound.act_kinds:
                yield from self._interrupted(node, kind, act=True)
        if len(schedule.preemptions) < bound.preemptions:
            for name in sorted({name for step in node.execution.steps for name in step.ready}):
                yield from self._interrupted(node, name, act=False)

    def run(self, shard: Shard) -> _Node:
        """Run and judge a schedule, and find out how far it may grow."""
        node = self._play(shard)
        execution = node.execution
        self.findings.add(execution.history, judge(execution.history))
        self.findings.note_problems(execution)
        room = self._room(shard.schedule)
        if not self._bound.reduce or not any(room) or shard.end == 0:
            return node
        end = self._visited.visit(execution, node.begin, node.end, room)
        self.findings.pruned += end < node.end
        possible = tuple(each for each in node.faults if each[0] < max(end, node.begin))
        return node._replace(end=end, faults=possible)

    def _play(self, shard: Shard) -> _Node:
        schedule, begin = shard.schedule, shard.begin
        kinds = self._bound.kinds if self._room(schedule).faults else ()
        execution, survey = self._simulation.survey(schedule, kinds)
        end = len(execution.steps) if shard.end is None else shard.end
        numbers = {each.point: number for number, each in enumerate(execution.steps)}
        struck = {fault.at for fault in schedule.faults}
        faults = tuple(
            (numbers[point], Fault(kind, point))
            for point, _event, refusals in survey
            if point not in struck and begin - 1 <= numbers[point] < max(end, begin)
            for kind, refusal in refusals
            if refusal is None
        )
        return _Node(schedule, execution, faults, begin, end)

    def _can_grow(self, node: _Node) -> bool:
        room = self._room(node.schedule)
        return any(room) and (node.end > node.begin or (room.faults > 0 and bool(node.faults)))

    def _room(self, schedule: Schedule) -> Room:
        bound = self._bound
        return Room(
            bound.faults - len(schedule.faults),
            bound.acts - len(schedule.acts),
            bound.preemptions - len(schedule.preemptions),
        )

    def _with_another_fault(self, node: _Node) -> Iterator[_Node]:
        for step, fault in node.faults:
            for count in self._bound.counts:
                longer = fault._replace(times=count)
                schedule = replace(node.schedule, faults=(*node.schedule.faults, longer))
                yield self.run(Shard(schedule, step + 1))

    def _interrupted(self, node: _Node, name: str, *, act: bool) -> Iterator[_Node]:
        """Pause the running actor for another one at each later step, from the last to the first.

        `name` is an act that enters, or an actor that is ready already.
        """
        schedule, steps = node.schedule, node.execution.steps
        first_event = _earliest(node.execution, name) if act else -1
        last = sum(self._room(schedule)) == 1
        later: _Later | None = None
        for number in range(node.end - 1, node.begin - 1, -1):
            step = steps[number]
            if step.event <= first_event or (not act and name not in step.ready):
                later = None
                continue
            if self._bound.reduce and later and later.commutes_from(number, last=last):
                self.findings.pruned += 1
                later = later.at(number)
                continue
            at = step.point
            longer = (
                replace(schedule, acts=(*schedule.acts, Act(name, at)))
                if act
                else replace(schedule, preemptions=(*schedule.preemptions, Preemption(at, name)))
            )
            child = self.run(Shard(longer, number + 1))
            yield child
            later = _Later.of(child.execution, number)


class _Later(NamedTuple):
    """An interruption that has been run: what decides whether one earlier makes a difference.

    Attributes:
        number: The step at which an actor was paused.
        before: What had happened up to the pause.
        meanwhile: Everything touched between the pause and the paused actor's return.
    """

    number: int
    before: tuple[Stretch, ...]
    meanwhile: set[Touch]

    @classmethod
    def of(cls, execution: Execution, number: int) -> _Later:
        """Look back at an execution that was interrupted at a step."""
        paused = execution.steps[number].point.actor
        stretches = execution.stretches
        back = next(
            (at for at, stretch in enumerate(stretches) if stretch.step == number), len(stretches)
        )
        left = max((at for at in range(back) if stretches[at].actor == paused), default=-1)
        meanwhile = {touch for each in stretches[left + 1 : back] for touch in each.touched}
        return cls(number, stretches[: left + 1], meanwhile)

    def commutes_from(self, number: int, *, last: bool) -> bool:
        """Whether pausing right before the last stretch, at step `number`, comes to the same.

        If more elements may follow (not `last`), only for a stretch that touches nothing: it
        commutes with everything that may come to happen meanwhile.
        """
        if not self.before or number + 1 != self.number:
            return False
        stretch = self.before[-1]
        if stretch.step != number:
            return False
        return self._commutes(stretch.touched) if last else not stretch.touched

    def at(self, number: int) -> _Later:
        """The same interruption, one stretch earlier."""
        return self._replace(number=number, before=self.before[:-1])

    def _commutes(self, stretch: Iterable[Touch]) -> bool:
        """Whether neither changes what the other uses."""
        used = {thing for thing, _ in stretch}
        changed = {thing for thing, change in stretch if change}
        return not any(
            thing in changed or (change and thing in used) for thing, change in self.meanwhile
        )


def _earliest(execution: Execution, act: str) -> int:
    """The event before which there is nothing to act upon: no manager, or no run."""
    kind = EventKind.REQUEST if act in WITHOUT_RUN else EventKind.STATUS
    numbers = (event.number for event in execution.history.events if event.kind is kind)
    return next(numbers, len(execution.history.events))
