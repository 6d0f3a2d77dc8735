"""Every schedule with at most one fault and one cancel, smallest first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from runfaults.explore.determinism import compare_some
from runfaults.explore.findings import Findings
from runfaults.explore.job import ALL_COUNTS, NOTHING, Job, Measured, Scope
from runfaults.explore.rehearsal import first_event, may_enter
from runfaults.explore.runner import PlayerKind, Runner
from runfaults.explore.trial import Trial
from runfaults.model import Act, EventKind, Fault, Operation, Schedule
from runfaults.sim.execution import Execution, Step
from runfaults.sqlite.kinds import KINDS

_LIKELY_KINDS = ("busy", "lost-acknowledgement")


@dataclass(frozen=True, slots=True)
class Sweep:
    """Each fault at each point, each cancel at each point, and pairs of them.

    A job is a base schedule with at most one element. Every schedule with a fault and a cancel
    belongs to the element that comes first in it.

    Attributes:
        scope: The faults, the cancels and their surroundings.
        paired_kinds: The fault kinds that are combined with a cancel.
        paired_counts: The counts that are combined with a cancel.
    """

    player: ClassVar = PlayerKind.SIMULATION

    scope: Scope
    paired_kinds: tuple[str, ...] = tuple(KINDS)
    paired_counts: tuple[int | None, ...] = ALL_COUNTS

    @property
    def strikes(self) -> tuple[str, ...]:
        """The kinds of the faults in its schedules."""
        return self.scope.kinds

    def describe(self, measured: Measured = NOTHING) -> str:  # noqa: ARG002  # it takes no samples
        """The schedules in words."""
        scope, paired = self.scope, self._paired
        listed = ", ".join("until lifted" if n is None else str(n) for n in scope.counts)
        counts = "once" if scope.counts == (1,) else f"{listed} times"
        cancels = f", at most one of {', '.join(scope.acts)}" if scope.acts else ""
        if cancels and paired != scope.kinds:
            cancels += f" (with a fault: {', '.join(paired) or 'none'})"
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
        yield from map(_job, (*clean, *cancelled, *faulty))

    def run(self, runner: Runner, job: Job, found: Findings) -> None:
        """Run the base schedule and every schedule that continues it."""
        base = job.base
        if base.faults:
            self._strike_first(runner, base, found)
        else:
            kinds = self._paired if base.acts else self.scope.kinds
            trial = runner.run(base, survey=kinds)
            found.add(trial)
            faults = list(_possible_faults(trial.execution, found))
            for fault in faults if base.acts else ():
                for _ in _each_count(runner, base.adding(fault), self.paired_counts, found):
                    pass
        compare_some(runner.player, base, found)

    def _strike_first(self, runner: Runner, base: Schedule, found: Findings) -> None:
        for trial in _each_count(runner, base, self.scope.counts, found):
            (fault,) = trial.schedule.faults
            if fault.kind in self._paired and fault.times in self.paired_counts:
                after = first_event(trial.execution, EventKind.STRIKE)
                for act in self._cancels(trial.execution, after):
                    found.add(runner.run(trial.schedule.adding(act)))

    @property
    def _paired(self) -> tuple[str, ...]:
        """The kinds that are combined with a cancel, of those that there are."""
        return tuple(kind for kind in self.scope.kinds if kind in self.paired_kinds)

    def _cancels(self, execution: Execution, after: int = -1) -> Iterator[Act]:
        for step in _cancel_steps(execution, after):
            for kind in self.scope.acts:
                if may_enter(kind, step, after):
                    yield Act(kind, step.point)


def _possible_faults(execution: Execution, found: Findings | None = None) -> Iterator[Fault]:
    """Every kind at every fault point where it can strike; after the cancel, if there is one."""
    cancelled = execution.history.schedule.acts
    begin = first_event(execution, EventKind.REQUEST, "cancel") if cancelled else -1
    for point, event, refusals in execution.survey:
        for kind, refusal in refusals:
            if refusal is None and event > begin:
                yield Fault(kind, point)
            elif refusal is not None and found is not None:
                found.impossible[str(point), kind] = refusal


def _cancel_steps(execution: Execution, after: int) -> Iterator[Step]:
    """The steps for a cancel: each operation and milestone after an event, once a run exists."""
    after = max(after, first_event(execution, EventKind.STATUS))
    for step in execution.steps:
        operation = step.point.operation
        if step.event > after and (operation.touches_database or operation is Operation.REACH):
            yield step


def _each_count(
    runner: Runner, schedule: Schedule, counts: Sequence[int | None], found: Findings
) -> Iterator[Trial]:
    """Let the one fault strike more and more often, for as long as that makes a difference."""
    (fault,) = schedule.faults
    for position, count in enumerate(counts):
        trial = runner.run(replace(schedule, faults=(fault._replace(times=count),)))
        found.add(trial)
        yield trial
        if count is not None and trial.execution.struck[0] < count:
            found.pruned += len(counts) - position - 1
            return


def _job(base: Schedule) -> Job:
    """Faults where a status is recorded come first, likely kinds and late points before others."""
    if base.acts:
        return Job(base, rank=(2, 1, 0), group="a cancel, alone or with a fault after it")
    if not base.faults:
        return Job(base, rank=(0, 1, 0), group="runs without any fault or cancel")
    (fault,) = base.faults
    order = fault.kind not in _LIKELY_KINDS, -fault.at.ordinal
    if fault.at.operation is Operation.COMMIT or fault.at.subject.startswith("UPDATE "):
        return Job(base, rank=(1, *order), group="a fault at a COMMIT or at an UPDATE")
    return Job(base, rank=(3, *order), group="a fault somewhere else")
