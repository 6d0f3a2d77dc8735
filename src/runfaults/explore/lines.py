"""Switches between lines of the program: an act at each of them, or a thread paused at one.

What a line touches is not known, so no two orders are taken for the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar

from runfaults.explore.determinism import compare_some
from runfaults.explore.findings import Findings
from runfaults.explore.job import NOTHING, Job, Measured, Scope
from runfaults.explore.rehearsal import earliest_event, may_enter, site_of
from runfaults.explore.runner import PlayerKind, Runner
from runfaults.explore.trial import Trial
from runfaults.model import Act, Operation, Preemption, Schedule
from runfaults.sim.execution import Execution, Step

MOST_TIMES = 4
"""How often one actor is stopped at one line: the next rounds of a loop are like the first ones."""


@dataclass(frozen=True, slots=True)
class Lines:
    """One act at each line that uses what threads may share; perhaps one thread paused at one.

    A job is a base schedule without elements, for one kind of act where that is all, or with the
    act whose lines others come between.

    Attributes:
        scope: The acts and their surroundings.
        paused: Whether threads are paused at lines: each of a clean run, and each of the act's own.
            Of entries at which an act does and is told the same, with the same threads beside it,
            the first one stands for all.
    """

    player: ClassVar = PlayerKind.SIMULATION

    scope: Scope
    paused: bool = False

    @property
    def strikes(self) -> tuple[str, ...]:
        """The kinds of the faults in its schedules."""
        return ()

    def describe(self, measured: Measured = NOTHING) -> str:  # noqa: ARG002  # it takes no samples
        """The schedules in words."""
        acts = f"one act ({', '.join(self.scope.acts) or 'none'}) at any line of the target's own"
        paused = "; one preemption at any line, of a clean run or of an act's own" * self.paused
        return (
            f"{acts}{paused}; {self.scope.describe_surroundings()}; "
            f"each line up to {MOST_TIMES} times"
        )

    def jobs(self, runner: Runner) -> Iterator[Job]:  # noqa: ARG002  # they are known beforehand
        """The clean schedules, with each kind of act where acts are all that comes."""
        parts = 1 if self.paused else max(1, len(self.scope.acts))
        return (_job(base, part) for base in self.scope.bases() for part in range(parts))

    def run(self, runner: Runner, job: Job, found: Findings) -> None:
        """Run a clean schedule with each act; or pause the actor of the act of a job's base."""
        trial = runner.run(job.base, with_lines=True)
        if job.base.acts:
            self._pause(runner, trial, found, _actor_of_act(trial.execution))
            return
        ways: set[tuple[object, ...]] = set()
        kinds = self.scope.acts if self.paused else self.scope.acts[job.begin : job.begin + 1]
        for act, beside in _acts(trial.execution, kinds):
            entered = runner.run(job.base.adding(act))
            found.add(entered)
            way = (act.kind, beside, *_deeds(entered.execution))
            if self.paused and way not in ways:
                ways.add(way)
                found.follow(_job(entered.schedule))
        if self.paused:
            self._pause(runner, trial, found)
        if not job.begin:
            compare_some(runner.player, job.base, found)

    def _pause(
        self, runner: Runner, trial: Trial, found: Findings, actor: str | None = None
    ) -> None:
        """Pause an actor, or any, at each of its lines for each other one."""
        for step in _at_lines(trial.execution):
            for other in sorted(step.ready):
                if actor in {None, step.point.actor}:
                    found.add(runner.run(trial.schedule.adding(Preemption(step.point, other))))


def _job(base: Schedule, part: int = 0) -> Job:
    return Job(base, part, rank=(4, len(base.elements)), group="switches between lines")


def _acts(execution: Execution, kinds: Iterable[str]) -> Iterator[tuple[Act, frozenset[str]]]:
    """The acts at the lines of an execution, each with the threads that could run there."""
    for kind in kinds:
        born = earliest_event(execution, kind)
        for step in _at_lines(execution):
            if may_enter(kind, step, born):
                yield Act(kind, step.point), frozenset({step.point.actor, *step.ready})


def _at_lines(execution: Execution) -> Iterator[Step]:
    """The steps at lines, each line of an actor so often and no more."""
    times: Counter[tuple[object, ...]] = Counter()
    for step in execution.steps:
        if step.point.operation is Operation.LINE:
            times[site_of(step.point)] += 1
            if times[site_of(step.point)] <= MOST_TIMES:
                yield step


def _actor_of_act(execution: Execution) -> str:
    """The actor of the one act: it is the next one after its point."""
    (act,) = execution.history.schedule.acts
    steps = iter(execution.steps)
    at = next((step.point for step in steps if step.point == act.at), None)
    return next((step.point.actor for step in steps), "") if at is not None else ""


def _deeds(execution: Execution) -> Iterator[tuple[object, ...]]:
    """What the act's actor does and is told."""
    actor = _actor_of_act(execution)
    for event in execution.history.events:
        if event.actor == actor:
            yield event.kind, event.subject, event.value
