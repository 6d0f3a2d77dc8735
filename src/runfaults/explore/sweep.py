"""Every schedule with one fault or one act, each of them alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import ClassVar

from runfaults.explore.determinism import compare_some
from runfaults.explore.findings import Findings
from runfaults.explore.job import NOTHING, Job, Measured, Scope
from runfaults.explore.likelihood import ranked
from runfaults.explore.rehearsal import first_event, may_enter
from runfaults.explore.runner import PlayerKind, Runner
from runfaults.model import Act, EventKind, Fault, Operation, Schedule
from runfaults.sim.execution import Execution, Step


@dataclass(frozen=True, slots=True)
class Sweep:
    """Each fault at each point, and each cancel at each point: what meets is for a `Search`.

    A job is a schedule with at most one element.

    Attributes:
        scope: The faults, the cancels and their surroundings.
    """

    player: ClassVar = PlayerKind.SIMULATION

    scope: Scope

    @property
    def strikes(self) -> tuple[str, ...]:
        """The kinds of the faults in its schedules."""
        return self.scope.kinds

    def describe(self, measured: Measured = NOTHING) -> str:  # noqa: ARG002  # it takes no samples
        """The schedules in words."""
        scope = self.scope
        lasting = f"for {scope.hours} h" if scope.hours else "until lifted"
        times = {None: lasting, 1: "once", 2: "twice"}
        *others, most = [times.get(each, f"{each} times") for each in scope.counts]
        counts = f"{', '.join(others)} or {most}" if others else most
        cancels = f", or one of {', '.join(scope.acts)}" if scope.acts else ""
        return (
            f"all schedules with at most one fault ({counts}){cancels}; "
            f"{scope.describe_surroundings()}; "
            f"{len(scope.kinds)} fault kind{'s' * (len(scope.kinds) != 1)}"
        )

    def jobs(self, runner: Runner) -> Iterator[Job]:
        """Discover the points by clean runs: a job for each element that can stand alone."""
        clean = self.scope.bases()
        cancelled: list[Schedule] = []
        faulty: list[Schedule] = []
        for base in clean:
            execution = runner.player.play(base, survey=self.scope.kinds)
            cancelled += [base.adding(act) for act in self._cancels(execution)]
            faulty += [base.adding(fault) for fault in _possible_faults(execution)]
        return map(ranked, (*clean, *cancelled, *faulty))

    def run(self, runner: Runner, job: Job, found: Findings) -> None:
        """Run the schedule of a job: a fault with each count."""
        if job.base.faults:
            self._strike(runner, job.base, found)
        else:
            trial = runner.run(job.base, survey=self.scope.kinds)
            found.add(trial)
            found.impossible |= _impossible_faults(trial.execution)
        compare_some(runner.player, job.base, found)

    def _strike(self, runner: Runner, schedule: Schedule, found: Findings) -> None:
        """Let the fault strike more and more often, for as long as that makes a difference."""
        (fault,) = schedule.faults
        counts = self.scope.counts
        for position, count in enumerate(counts):
            hours = 0 if count else self.scope.hours
            struck = fault._replace(times=count, hours=hours)
            trial = runner.run(replace(schedule, faults=(struck,)))
            found.add(trial)
            if count is not None and trial.execution.struck[0] < count:
                found.pruned += len(counts) - position - 1
                return

    def _cancels(self, execution: Execution) -> Iterator[Act]:
        for step in _cancel_steps(execution):
            for kind in self.scope.acts:
                if may_enter(kind, step, -1):
                    yield Act(kind, step.point)


def _possible_faults(execution: Execution) -> Iterator[Fault]:
    """Every kind at every fault point where it can strike."""
    for point, _, refusals in execution.survey:
        for kind, refusal in refusals:
            if refusal is None:
                yield Fault(kind, point)


def _impossible_faults(execution: Execution) -> dict[tuple[str, str], str]:
    """Why a kind cannot strike, by fault point and kind."""
    return {
        (str(point), kind): refusal
        for point, _, refusals in execution.survey
        for kind, refusal in refusals
        if refusal is not None
    }


def _cancel_steps(execution: Execution) -> Iterator[Step]:
    """The steps for a cancel: each operation and milestone, once a run exists."""
    after = first_event(execution, EventKind.STATUS)
    for step in execution.steps:
        operation = step.point.operation
        if step.event > after and (operation.touches_database or operation is Operation.REACH):
            yield step
