"""Schedules beyond the bound: faults and acts are drawn, then random priorities decide the order.

The draw comes first and knows nothing of the priorities. So whatever was drawn, the order of the
steps is as random as the `probability` supposes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import ROUND_DOWN, Context
from fractions import Fraction
from itertools import pairwise
from math import ceil
from random import Random
from typing import ClassVar

from runfaults.explore.findings import Findings
from runfaults.explore.job import NOTHING, Job, Measured, Scope
from runfaults.explore.rehearsal import earliest_event, rehearse
from runfaults.explore.runner import Player, PlayerKind, Runner
from runfaults.model import Act, Fault, Preemption, Schedule, Verdict
from runfaults.sim.execution import Execution
from runfaults.sim.priorities import PriorityDirector

DEPTH = 3
"""Depth of bugs that samples look for unless told otherwise: one more than that of a deadlock or a
violated atomicity between two threads."""


@dataclass(frozen=True, slots=True)
class Samples:
    """Schedules that are drawn, and then run with random priorities (see `sim.priorities`).

    A job is one draw, in several orders of steps.

    Attributes:
        scope: What is drawn from; its seed is also that of the draws.
        samples: How many.
        depth: How many ordering constraints between steps are enough to show the bugs that are
            looked for.
        orders: Samples that have one draw of faults and acts in common, each with priorities of
            its own.
        faults: At most so many faults in each.
        acts: At most so many acts in each.
    """

    player: ClassVar = PlayerKind.SIMULATION

    scope: Scope
    samples: int
    depth: int = DEPTH
    orders: int = 10
    faults: int = 3
    acts: int = 2

    @property
    def strikes(self) -> tuple[str, ...]:
        """None that is sure to be tried: which faults strike is drawn."""
        return ()

    def describe(self, measured: Measured = NOTHING) -> str:
        """The schedules in words, with their probability once actors and steps were measured."""
        kinds = len(self.scope.kinds)
        words = (
            f"{self.samples:,} sample{'s' * (self.samples != 1)} by PCT beyond the bound "
            f"(depth {self.depth}, <= {self.faults} fault{'s' * (self.faults != 1)} of "
            f"{kinds} kind{'s' * (kinds != 1)}, "
            f"<= {self.acts} act{'s' * (self.acts != 1)} of {', '.join(self.scope.acts) or '-'}; "
            f"{self.orders} order{'s' * (self.orders != 1)} of each draw); "
            f"{self.scope.describe_surroundings()}"
        )
        return words + (self._promise(measured) if measured.steps else "")

    def jobs(self, runner: Runner) -> Iterator[Job]:  # noqa: ARG002  # they are drawn when they run
        """The draws."""
        base = Schedule(seed=self.scope.seed)
        for number in range(ceil(self.samples / self.orders)):
            yield Job(base, number, rank=(5,), group="samples beyond the bound")

    def run(self, runner: Runner, job: Job, found: Findings) -> None:
        """Run and judge the samples of one draw.

        The first one, and each that breaks a rule, is run again by its ordinary schedule, and
        the histories are compared: a difference is a bug in the harness, unless the schedule goes
        round. Under random priorities it makes every round: then the ordinary one counts.
        """
        for order, sample in enumerate(self.take(runner.player, job.begin)):
            found.sampled |= sample.measured
            trial = runner.judge(sample.execution)
            if order == 0 or trial.verdict is Verdict.BROKEN:
                again = runner.run(trial.schedule)
                found.note_problems(again)
                if again.execution.shortened:
                    trial = again
                elif again.history != trial.history:
                    found.doubts.append(
                        f"sample {order} of draw {job.begin} differs from what its schedule "
                        f"repeats: {trial.schedule}"
                    )
            found.add(trial)

    def take(self, player: Player, number: int) -> Iterator[Sample]:
        """Run the samples of one draw: the same in any process.

        Each is expected to have as many steps as the longest execution of the draw before it.
        """
        seed = f"{self.scope.seed} {number}"
        schedule, steps = self._drawn(player, _seeded(seed))
        for order in range(min(self.orders, self.samples - number * self.orders)):
            sample = self._in_order(player, schedule, f"{seed} {order}", steps)
            yield sample
            steps = max(steps, len(sample.execution.steps))

    def _drawn(self, player: Player, random: Random) -> tuple[Schedule, int]:
        """Faults and acts, and how many steps there are with them.

        Faults are drawn one after the other where they can strike if no thread is paused. Then
        acts enter as soon as there is something for them to act upon: when they are resumed is a
        matter of priorities.
        """
        scope = self.scope
        acts = [
            Act(random.choice(scope.acts))
            for _ in range(random.randint(0, self.acts if scope.acts else 0))
        ]
        schedule = Schedule(
            pipeline=random.choice(scope.endings),
            acts=tuple(acts),
            journal=random.choice(scope.journals),
            seed=scope.seed,
        )
        for _ in range(random.randint(0, self.faults)):
            rehearsal = rehearse(player, schedule, scope.kinds)
            offers = [offer for offer in rehearsal.faults() if offer.late]
            if offers:
                offer = random.choice(offers)
                fault = Fault(offer.name, offer.point, random.choice(scope.counts))
                schedule = schedule.adding(fault)
        execution = player.play(schedule)
        entering = tuple(_entering(execution, act) for act in acts)
        return replace(schedule, acts=entering), len(execution.steps)

    def _in_order(self, player: Player, schedule: Schedule, seed: str, steps: int) -> Sample:
        """Run what was drawn with random priorities, without what cannot happen as drawn then."""
        while True:
            director = PriorityDirector(_seeded(seed), self.depth, steps)
            execution = player.play(schedule, director=director)
            impossible = [*(fault for fault, _ in execution.refused), *_too_early(execution)]
            if not impossible:
                break
            schedule = schedule.without(*impossible)
        missed = [
            each for each in (*schedule.faults, *schedule.acts) if str(each) in execution.unreached
        ]
        switches = (*_entrances(execution, director.switches), *director.switches)
        ordinary = replace(schedule.without(*missed), preemptions=switches)
        history = replace(execution.history, schedule=ordinary)
        return Sample(replace(execution, history=history, unreached=()), steps)

    def _promise(self, measured: Measured) -> str:
        chance = probability(measured.actors, measured.steps, self.depth)
        orders, all_samples = (
            rounded_down(1 - float(1 - chance) ** number) for number in (self.orders, self.samples)
        )
        promise = (
            f": a bug of that depth in the order of yield points is found by each sample of the "
            f"pipeline, journal, faults and acts that it needs with probability >= "
            f"1/{chance.denominator:,}, by {self.orders} orders with >= {orders}, by "
            f"{self.samples:,} with >= {all_samples} "
            f"(n = {measured.actors} actors, k = {measured.steps:,} steps"
        )
        if measured.longer:
            promise += (
                f"; {measured.longer:,} ran longer than expected: no actor was preempted in the "
                "extra steps"
            )
        return promise + ")"


@dataclass(frozen=True, slots=True)
class Sample:
    """A sample that was run.

    Attributes:
        execution: What happened under the director, as the history of an ordinary schedule under
            which the same happens; what was drawn and could not happen in that order is left out.
        expected: How many steps the execution was expected to have.
    """

    execution: Execution
    expected: int

    @property
    def schedule(self) -> Schedule:
        """The ordinary schedule."""
        return self.execution.history.schedule

    @property
    def measured(self) -> Measured:
        """The actors and steps of it."""
        steps = self.execution.steps
        actors = len({step.point.actor for step in steps})
        return Measured(actors, self.expected, int(len(steps) > self.expected))


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
        if (
            act.at is not None
            and act.at in events
            and events[act.at] <= earliest_event(execution, act.kind)
        ):
            yield act


def _entering(execution: Execution, act: Act) -> Act:
    """The act at the earliest point at which it makes sense; as it is where there is none."""
    born = earliest_event(execution, act.kind)
    points = (step.point for step in execution.steps if step.event > born)
    return act._replace(at=next(points, None))


def _seeded(seed: str) -> Random:
    return Random(seed)  # noqa: S311  # the same seed is meant to give the same


def probability(actors: int, steps: int, depth: int) -> Fraction:
    """The least probability with which one execution shows a given bug: 1 / (n k^(d-1)).

    Burckhardt, Kothari, Musuvathi and Nagarakatte, ASPLOS 2010.

    Args:
        actors: n; from 1.
        steps: k; from 1.
        depth: d; from 1.
    """
    return Fraction(1, actors * steps ** (depth - 1))


def rounded_down(chance: float) -> str:
    """A probability with two digits that does not promise too much."""
    return f"{Context(prec=2, rounding=ROUND_DOWN).create_decimal_from_float(chance):f}"
