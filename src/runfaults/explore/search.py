"""Every schedule within a bound, interleavings included, each class of equal ones run once.

A schedule is grown element by element, in the order in which the elements take effect: after a
run, each yield point later than its last element is a place for one more preemption, act or fault.
So every set of elements is tried exactly once, on histories in which it really happens.

The reduction: pausing an actor for another one right before a stretch, or right after it, gives
the same outcome if the stretch and everything that the other one does meanwhile commute (neither
changes what the other uses: partial-order reduction at the granularity of yield points). Of such
neighbours only the later is run; where more elements may follow, only if the stretch touches
nothing at all, because what grows from two equal schedules need not be equal within a bound.

What threads use is known for locks, events, queues, threads, clocks and the database, not for
plain attributes: for a manager that shares memory without any of them the reduction may miss an
order, so a bound can do without it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from runfaults.explore.bound import SearchBound
from runfaults.explore.findings import Findings
from runfaults.model import Act, EventKind, Fault, Preemption, Schedule
from runfaults.oracle.judge import judge
from runfaults.sim.acts import WITHOUT_RUN
from runfaults.sim.scheduler import Stretch
from runfaults.sim.world import Execution, Simulation

Touch = tuple[object, bool]
"""A shared thing, and whether it was changed: see `Stretch`."""


class _Node(NamedTuple):
    """A schedule that has run, and where it may grow.

    `step` is the number of the yield point at which its last element took effect; elements come in
    the order of their steps, at one step first what comes before the operation, then the fault.
    """

    schedule: Schedule
    execution: Execution
    faults: tuple[tuple[int, Fault], ...]
    step: int


def roots(simulation: Simulation, bound: SearchBound) -> list[Schedule]:
    """The shards of a search: the empty schedules and those with one element, reduced."""
    found = Findings()
    shards: list[Schedule] = []
    for base in bound.bases():
        shards.append(base)
        node = _run(simulation, base, bound, found, 0)
        shards += [child.schedule for child in _children(simulation, node, bound, found)]
    return shards


def search_shard(simulation: Simulation, shard: Schedule, bound: SearchBound) -> Findings:
    """Run a shard and, if it has an element, everything that grows from it."""
    findings = Findings()
    if not shard.size:
        node = _run(simulation, shard, bound, findings, 0)
        # The children are shards of their own: here they only tell how many were pruned.
        known = Findings()
        for _ in _children(simulation, node, bound, known):
            pass
        findings.pruned += known.pruned
        return findings
    step = _step_of_only_element(simulation, shard, bound)
    _grow(simulation, _run(simulation, shard, bound, findings, step), bound, findings)
    return findings


def search(simulation: Simulation, bound: SearchBound) -> Findings:
    """Run the whole search in this process."""
    findings = Findings()
    for base in bound.bases():
        _grow(simulation, _run(simulation, base, bound, findings, 0), bound, findings)
    return findings


def _grow(simulation: Simulation, node: _Node, bound: SearchBound, findings: Findings) -> None:
    for child in _children(simulation, node, bound, findings):
        _grow(simulation, child, bound, findings)


def _children(
    simulation: Simulation, node: _Node, bound: SearchBound, findings: Findings
) -> Iterator[_Node]:
    """Every schedule with one element more, taking effect later than all others."""
    yield from _with_another_fault(simulation, node, bound, findings)
    if len(node.schedule.acts) < bound.acts:
        for kind in bound.act_kinds:
            yield from _interrupted(simulation, node, bound, findings, kind, act=True)
    if len(node.schedule.preemptions) < bound.preemptions:
        for name in sorted({name for step in node.execution.steps for name in step.ready}):
            yield from _interrupted(simulation, node, bound, findings, name, act=False)


def _with_another_fault(
    simulation: Simulation, node: _Node, bound: SearchBound, findings: Findings
) -> Iterator[_Node]:
    if len(node.schedule.faults) >= bound.faults:
        return
    for step, fault in node.faults:
        for count in bound.counts:
            longer = fault._replace(times=count)
            schedule = replace(node.schedule, faults=(*node.schedule.faults, longer))
            yield _run(simulation, schedule, bound, findings, step + 1)


def _interrupted(
    simulation: Simulation,
    node: _Node,
    bound: SearchBound,
    findings: Findings,
    name: str,
    *,
    act: bool,
) -> Iterator[_Node]:
    """Pause the running actor for another one at each later step, from the last to the first.

    `name` is an act that enters, or an actor that is ready already.
    """
    steps = node.execution.steps
    begin = _earliest(node.execution, name) if act else -1
    last = _is_last(node.schedule, bound)
    later: _Later | None = None
    for number in range(len(steps) - 1, node.step - 1, -1):
        step = steps[number]
        if step.event <= begin or (not act and name not in step.ready):
            later = None
            continue
        if bound.reduce and later is not None and later.commutes_from(number, last=last):
            findings.pruned += 1
            later = later.at(number)
            continue
        at = step.point
        schedule = (
            replace(node.schedule, acts=(*node.schedule.acts, Act(name, at)))
            if act
            else replace(
                node.schedule, preemptions=(*node.schedule.preemptions, Preemption(at, name))
            )
        )
        child = _run(simulation, schedule, bound, findings, number + 1)
        yield child
        later = _Later.of(child.execution, number)


def _is_last(schedule: Schedule, bound: SearchBound) -> bool:
    """Whether a schedule with one element more is full: nothing can grow from it."""
    return schedule.size + 1 == bound.faults + bound.acts + bound.preemptions


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

    def _commutes(self, stretch: set[Touch]) -> bool:
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


def _run(
    simulation: Simulation, schedule: Schedule, bound: SearchBound, findings: Findings, step: int
) -> _Node:
    kinds: Sequence[str] = bound.kinds if len(schedule.faults) < bound.faults else ()
    execution, survey = simulation.survey(schedule, kinds)
    findings.add(execution.history, judge(execution.history))
    findings.note_problems(execution)
    numbers = {each.point: number for number, each in enumerate(execution.steps)}
    faults = tuple(
        (numbers[point], Fault(kind, point))
        for point, _event, refusals in survey
        if numbers[point] + 1 >= step
        for kind, refusal in refusals
        if refusal is None
    )
    struck = {fault.at for fault in schedule.faults}
    free = tuple((number, fault) for number, fault in faults if fault.at not in struck)
    return _Node(schedule, execution, free, step)


def _step_of_only_element(simulation: Simulation, shard: Schedule, bound: SearchBound) -> int:
    """Where a shard's element takes effect."""
    (point,) = (
        *(fault.at for fault in shard.faults),
        *(act.at for act in shard.acts),
        *(preemption.at for preemption in shard.preemptions),
    )
    bare = Schedule(pipeline=shard.pipeline, journal=shard.journal, seed=bound.seed)
    steps = simulation.run(bare).steps
    return next(number + 1 for number, step in enumerate(steps) if step.point == point)
