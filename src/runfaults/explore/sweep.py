"""Every schedule with at most one fault and one cancel, smallest first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from runfaults.explore.bound import Bound
from runfaults.explore.findings import Findings
from runfaults.explore.rehearsal import first_event
from runfaults.model import Act, EventKind, Fault, FaultPoint, Operation, Schedule
from runfaults.oracle.judge import judge
from runfaults.sim.execution import Execution
from runfaults.sim.simulation import Simulation


def shards(simulation: Simulation, bound: Bound) -> list[Schedule]:
    """Discover the points by clean runs and cut the sweep into shards, smallest first.

    A shard is a base schedule with at most one element. It can be run anywhere, again if need be.
    Every schedule with a fault and a cancel belongs to the element that comes first in it.
    """
    clean = [
        Schedule(pipeline=ending, journal=journal, seed=bound.seed)
        for journal in bound.journals
        for ending in bound.endings
    ]
    cancelled: list[Schedule] = []
    faulty: list[Schedule] = []
    for base in clean:
        execution, _ = simulation.survey(base, bound.kinds)
        cancelled += [
            replace(base, acts=(Act(kind, point),))
            for point in cancel_points(execution)
            for kind in bound.cancels
        ]
        faulty += [
            replace(base, faults=(fault,))
            for fault in possible_faults(simulation, base, bound.kinds, Findings())
        ]
    return [*clean, *cancelled, *faulty]


def run_shard(simulation: Simulation, base: Schedule, bound: Bound) -> Findings:
    """Run the base schedule and every schedule that continues it."""
    findings = Findings()
    if base.faults:
        for schedule, execution in _each_count(simulation, base, bound.counts, findings):
            (fault,) = schedule.faults
            if fault.kind in bound.paired_kinds and fault.times in bound.cancelled_counts:
                after = first_event(execution, EventKind.STRIKE)
                _run_cancels(simulation, schedule, cancel_points(execution, after), bound, findings)
        return findings
    _judge_one(simulation, base, findings)
    kinds = bound.paired_kinds if base.acts else bound.kinds
    for fault in possible_faults(simulation, base, kinds, findings):
        if base.acts:
            faulty = replace(base, faults=(fault,))
            for _ in _each_count(simulation, faulty, bound.cancelled_counts, findings):
                pass
    return findings


def possible_faults(
    simulation: Simulation, base: Schedule, kinds: Sequence[str], findings: Findings
) -> Iterator[Fault]:
    """Every kind at every fault point where it can strike; after the cancel, if there is one."""
    execution, survey = simulation.survey(base, kinds)
    begin = first_event(execution, EventKind.REQUEST, "cancel") if base.acts else -1
    for point, event, refusals in survey:
        for kind, refusal in refusals:
            if refusal is not None:
                findings.impossible[str(point), kind] = refusal
            elif event > begin:
                yield Fault(kind, point)


def cancel_points(execution: Execution, after: int = -1) -> list[FaultPoint]:
    """Where a cancel may come: each operation and milestone after an event, once a run exists."""
    after = max(after, first_event(execution, EventKind.STATUS))
    return [
        step.point
        for step in execution.steps
        if step.event > after
        and (step.point.operation.touches_database or step.point.operation is Operation.REACH)
    ]


def _each_count(
    simulation: Simulation,
    schedule: Schedule,
    counts: Sequence[int | None],
    findings: Findings,
) -> Iterator[tuple[Schedule, Execution]]:
    """Let the one fault strike more and more often, for as long as that makes a difference."""
    (fault,) = schedule.faults
    for position, count in enumerate(counts):
        longer = replace(schedule, faults=(fault._replace(times=count),))
        execution = _judge_one(simulation, longer, findings)
        yield longer, execution
        if count is not None and execution.struck[0] < count:
            findings.pruned += len(counts) - position - 1
            return


def _run_cancels(
    simulation: Simulation,
    schedule: Schedule,
    points: Sequence[FaultPoint],
    bound: Bound,
    findings: Findings,
) -> None:
    for point in points:
        for kind in bound.cancels:
            _judge_one(simulation, replace(schedule, acts=(Act(kind, point),)), findings)


def _judge_one(simulation: Simulation, schedule: Schedule, findings: Findings) -> Execution:
    execution = simulation.run(schedule)
    findings.add(execution.history, judge(execution.history))
    findings.note_problems(execution)
    return execution
