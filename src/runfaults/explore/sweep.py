"""Every single-fault schedule, with at most one cancel, smallest first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from runfaults.explore.bound import Bound
from runfaults.explore.findings import Findings
from runfaults.model import Act, EventKind, Fault, FaultPoint, Judgement, Operation, Schedule
from runfaults.oracle.judge import judge
from runfaults.sim.world import Execution, Simulation


class Shard(NamedTuple):
    """A part of a sweep that can be run anywhere, again if need be: one base schedule.

    Attributes:
        base: A schedule without cancels, with at most one fault that strikes once.
        kinds: Fault kinds to try at the cancel's own points.
    """

    base: Schedule
    kinds: tuple[str, ...]


def shards(simulation: Simulation, bound: Bound) -> tuple[list[Shard], Findings]:
    """Discover the fault points by clean runs and cut the sweep into shards, smallest first.

    Returns:
        The shards, and what is known already: which kinds cannot strike at which points.
    """
    clean: list[Shard] = []
    faulty: list[Shard] = []
    known = Findings()
    for journal in bound.journals:
        for ending in bound.endings:
            base = Schedule(pipeline=ending, journal=journal)
            clean.append(Shard(base, bound.kinds))
            for fault in possible_faults(simulation, base, bound.kinds, known):
                faulty.append(Shard(replace(base, faults=(fault,)), bound.kinds))
    return [*clean, *faulty], known


def possible_faults(
    simulation: Simulation,
    base: Schedule,
    kinds: Sequence[str],
    known: Findings,
    actors: Iterable[str] | None = None,
) -> Iterator[Fault]:
    """Every kind at every fault point of the base schedule's history where it can strike."""
    wanted = None if actors is None else set(actors)
    for point, refusals in simulation.survey(base, kinds):
        if wanted is not None and point.actor not in wanted:
            continue
        for kind, refusal in refusals:
            if refusal is None:
                yield Fault(kind, point)
            else:
                known.impossible[str(point), kind] = refusal


def run_shard(simulation: Simulation, shard: Shard, bound: Bound) -> Findings:
    """Run the base schedule with every count, and each with every cancel."""
    findings = Findings()
    if not shard.base.faults:
        execution = _judge_one(simulation, shard.base, findings)
        _run_cancels(simulation, shard, execution, bound, findings)
        return findings
    (fault,) = shard.base.faults
    for position, count in enumerate(bound.counts):
        schedule = replace(shard.base, faults=(fault._replace(times=count),))
        execution = _judge_one(simulation, schedule, findings)
        if count in bound.cancelled_counts:
            struck = shard._replace(base=schedule)
            _run_cancels(simulation, struck, execution, bound, findings)
        if count is not None and execution.struck[0] < count:
            # The fault did not find as many operations to strike: more of it changes nothing.
            findings.pruned += len(bound.counts) - position - 1
            break
    return findings


def _run_cancels(
    simulation: Simulation, shard: Shard, execution: Execution, bound: Bound, findings: Findings
) -> None:
    """A cancel before each fault point of the history, in each style."""
    for point in cancel_points(execution):
        for kind in bound.cancels:
            schedule = replace(shard.base, acts=(Act(kind, point),))
            _judge_one(simulation, schedule, findings)
            if kind == "cancel-api" and not schedule.faults:
                for fault in possible_faults(simulation, schedule, shard.kinds, findings, {kind}):
                    _judge_one(simulation, replace(schedule, faults=(fault,)), findings)


def cancel_points(execution: Execution) -> list[FaultPoint]:
    """Where a cancel may come: each operation and milestone after the run came into being."""
    statuses = (e.number for e in execution.history.events if e.kind is EventKind.STATUS)
    born = next(statuses, len(execution.history.events))
    return [
        step.point
        for step in execution.steps
        if step.event > born
        and (step.point.operation.touches_database or step.point.operation is Operation.REACH)
    ]


def _judge_one(simulation: Simulation, schedule: Schedule, findings: Findings) -> Execution:
    execution = simulation.run(schedule)
    findings.add(execution.history, judged(execution))
    for fault, reason in execution.refused:
        findings.problems.append(f"{schedule}: {fault} was refused: {reason}")
    for element in execution.unreached:
        findings.problems.append(f"{schedule}: never reached: {element}")
    return execution


def judged(execution: Execution) -> tuple[Judgement, ...]:
    """What every rule says of an execution."""
    return judge(execution.history)
