"""One sample after the other: faults and acts are drawn, then random priorities decide the order.

The draw comes first and knows nothing of the priorities. So whatever was drawn, the order of the
steps is as random as the probability of `sampling` supposes.
"""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from itertools import pairwise
from random import Random
from typing import NamedTuple

from runfaults.explore.findings import Findings
from runfaults.explore.rehearsal import birth, rehearse
from runfaults.explore.sampling import Measured, Sampling
from runfaults.model import Act, Fault, History, Preemption, Schedule, Verdict
from runfaults.oracle.judge import judge
from runfaults.sim.execution import Execution
from runfaults.sim.priorities import PriorityDirector
from runfaults.sim.simulation import Simulation


class Batch(NamedTuple):
    """Samples with one draw of faults and acts, each in another order of steps.

    Attributes:
        number: Which draw.
        orders: How many samples.
    """

    number: int
    orders: int


@dataclass(frozen=True, slots=True)
class Sample:
    """A sample that was run.

    Attributes:
        schedule: An ordinary schedule under which the same happens; what was drawn and could not
            happen in that order is left out.
        execution: What happened, under the director.
        expected: How many steps the execution was expected to have.
    """

    schedule: Schedule
    execution: Execution
    expected: int

    @property
    def history(self) -> History:
        """What happened, as the history of the ordinary schedule."""
        return replace(self.execution.history, schedule=self.schedule)

    @property
    def measured(self) -> Measured:
        """How large it was."""
        steps = self.execution.steps
        actors = len({step.point.actor for step in steps})
        return Measured(actors, self.expected, int(len(steps) > self.expected))


def batches(sampling: Sampling) -> Iterator[Batch]:
    """All samples, in parts."""
    for number, first in enumerate(range(0, sampling.samples, sampling.orders)):
        yield Batch(number, min(sampling.orders, sampling.samples - first))


def run_batch(simulation: Simulation, sampling: Sampling, batch: Batch) -> Findings:
    """Run and judge some samples.

    The first one, and each that breaks a rule, is run once more by its ordinary schedule, and the
    histories are compared: a difference is a bug in the harness.
    """
    findings = Findings()
    for order, sample in enumerate(take_samples(simulation, sampling, batch)):
        findings.sampled |= sample.measured
        judgements = judge(sample.history)
        if order == 0 or any(each.verdict is Verdict.BROKEN for each in judgements):
            again = simulation.run(sample.schedule)
            findings.note_problems(again)
            if again.history != sample.history:
                findings.problems.append(
                    f"sample {order} of draw {batch.number} differs from what its schedule "
                    f"repeats: {sample.schedule}"
                )
        findings.add(sample.history, judgements)
    return findings


def take_samples(simulation: Simulation, sampling: Sampling, batch: Batch) -> Iterator[Sample]:
    """Run the samples of a batch: the same in any process.

    Each is expected to have as many steps as the longest execution of the same draw before it.
    """
    seed = f"{sampling.seed} {batch.number}"
    schedule, steps = _drawn(simulation, sampling, _seeded(seed))
    for order in range(batch.orders):
        sample = _in_order(simulation, schedule, f"{seed} {order}", sampling.depth, steps)
        yield sample
        steps = max(steps, len(sample.execution.steps))


def _in_order(
    simulation: Simulation, schedule: Schedule, seed: str, depth: int, steps: int
) -> Sample:
    """Run what was drawn with random priorities, without what cannot happen as drawn then."""
    while True:
        director = PriorityDirector(_seeded(seed), depth, steps)
        execution = simulation.run(schedule, director)
        impossible = {*(fault for fault, _ in execution.refused), *_too_early(execution)}
        if not impossible:
            break
        schedule = _without(schedule, impossible)
    missed = {
        each for each in (*schedule.faults, *schedule.acts) if str(each) in execution.unreached
    }
    switches = (*_entrances(execution, director.switches), *director.switches)
    return Sample(replace(_without(schedule, missed), preemptions=switches), execution, steps)


def _entrances(execution: Execution, switches: list[Preemption]) -> Iterator[Preemption]:
    """What keeps switches apart from the acts that enter at the same point.

    A schedule pauses an actor at the first of its preemptions there, acts or not. Under the
    director the acts came first, so that one is a preemption for them, which changes nothing.
    """
    taken = {switch.at for switch in switches}
    entered = {act.at for act in execution.history.schedule.acts}
    for step, following in pairwise(execution.steps):
        if step.point in taken & entered:
            yield Preemption(step.point, following.point.actor)


def _too_early(execution: Execution) -> Iterator[Act]:
    """Acts that entered when there was nothing for them to act upon."""
    events = {step.point: step.event for step in execution.steps}
    for act in execution.history.schedule.acts:
        if act.at is not None and act.at in events and events[act.at] <= birth(execution, act.kind):
            yield act


def _drawn(simulation: Simulation, sampling: Sampling, random: Random) -> tuple[Schedule, int]:
    """Faults and acts, and how many steps there are with them.

    Faults are drawn one after the other where they can strike if nobody is interrupted. Then acts
    enter as soon as there is something for them to act upon: when they go on is a matter of
    priorities.
    """
    acts = [Act(random.choice(sampling.act_kinds)) for _ in range(random.randint(0, sampling.acts))]
    schedule = Schedule(
        pipeline=random.choice(sampling.endings),
        acts=tuple(acts),
        journal=random.choice(sampling.journals),
        seed=sampling.seed,
    )
    for _ in range(random.randint(0, sampling.faults)):
        rehearsal = rehearse(simulation, schedule, sampling.kinds)
        offers = [offer for offer in rehearsal.faults() if offer.late]
        if offers:
            offer = random.choice(offers)
            fault = Fault(offer.name, offer.point, random.choice(sampling.counts))
            schedule = schedule.adding(fault)
    execution = simulation.run(schedule)
    entering = tuple(_entering(execution, act) for act in acts)
    return replace(schedule, acts=entering), len(execution.steps)


def _entering(execution: Execution, act: Act) -> Act:
    """The act at the earliest point at which it makes sense; as it is where there is none."""
    born = birth(execution, act.kind)
    points = (step.point for step in execution.steps if step.event > born)
    return act._replace(at=next(points, None))


def _without(schedule: Schedule, elements: AbstractSet[Fault | Act]) -> Schedule:
    return replace(
        schedule,
        faults=tuple(fault for fault in schedule.faults if fault not in elements),
        acts=tuple(act for act in schedule.acts if act not in elements),
    )


def _seeded(seed: str) -> Random:
    return Random(seed)  # noqa: S311  # whoever knows the seed is meant to get the same
