"""Every schedule with one fault or one act, each of them alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import ClassVar

from runfaults.explore.determinism import compare_some
from runfaults.explore.endings import Endings
from runfaults.explore.findings import Findings
from runfaults.explore.job import NOTHING, Job, Measured, Scope
from runfaults.explore.likelihood import ranked
from runfaults.explore.rehearsal import first_event, may_enter
from runfaults.explore.runner import PlayerKind, Runner
from runfaults.explore.trial import Trial
from runfaults.model import Act, Ending, EventKind, Fault, Operation, Schedule
from runfaults.sim.execution import Departure, Execution, Step


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
        """Discover the points by clean runs: a job for each element that can stand alone.

        What comes before an ending makes a difference is a job with the one that stands for it.
        """
        clean = self.scope.bases()
        cancelled: list[Schedule] = []
        faulty: list[Schedule] = []
        for first in self._endings.first_of(clean):
            for begun, execution in self._endings.departing(
                first.pipeline,
                lambda ending, first=first: runner.player.play(
                    replace(first, pipeline=ending), survey=self.scope.kinds
                ),
            ):
                base = replace(first, pipeline=begun.ending)
                cancelled += [base.adding(act) for act in self._cancels(execution, begun)]
                faulty += [base.adding(each) for each in _possible_faults(execution, begun)]
        return map(ranked, (*clean, *cancelled, *faulty))

    @property
    def _endings(self) -> Endings:
        return Endings(self.scope.endings)

    def run(self, runner: Runner, job: Job, found: Findings) -> None:
        """Run the schedule of a job: a fault with each count, and with each ending that matters."""
        if job.base.faults:
            self._strike(runner, job.base, found)
        elif job.base.acts:
            self._act(runner, job.base, found)
        else:
            _add(found, runner.run(job.base, survey=self.scope.kinds))
        compare_some(runner.player, job.base, found, self._endings)

    def _act(self, runner: Runner, base: Schedule, found: Findings) -> None:
        """Run it with each ending that departs after the act."""

        def play(ending: Ending) -> Execution:
            trial = runner.run(replace(base, pipeline=ending), survey=self.scope.kinds)
            _add(found, trial)
            found.pruned += len(self._endings.alike(trial.execution))
            return trial.execution

        (act,) = base.acts
        for _ in self._endings.departing(
            base.pipeline, play, lambda execution: _event_of(act, execution)
        ):
            pass

    def _strike(self, runner: Runner, base: Schedule, found: Findings) -> None:
        """Let the fault strike more and more often, for as long as that makes a difference.

        Each time it is run with each ending that departs after the strike.
        """
        (fault,) = base.faults
        settled: dict[Ending, Execution] = {}

        def play(ending: Ending, count: int | None) -> Execution:
            if ending in settled:
                found.pruned += 1
                return settled[ending]
            struck = fault._replace(times=count, hours=0 if count else self.scope.hours)
            trial = runner.run(replace(base, pipeline=ending, faults=(struck,)))
            found.add(trial)
            found.pruned += len(self._endings.alike(trial.execution))
            if count is not None and trial.execution.struck[0] < count:
                settled[ending] = trial.execution
            return trial.execution

        for count in self.scope.counts:
            for _ in self._endings.departing(
                base.pipeline,
                lambda ending, count=count: play(ending, count),
                lambda execution: first_event(execution, EventKind.STRIKE),
            ):
                pass

    def _cancels(self, execution: Execution, begun: Departure) -> Iterator[Act]:
        for step in _cancel_steps(execution, begun):
            for kind in self.scope.acts:
                if may_enter(kind, step, -1):
                    yield Act(kind, step.point)


def _add(found: Findings, trial: Trial) -> None:
    found.add(trial)
    found.impossible |= _impossible_faults(trial.execution)


def _event_of(act: Act, execution: Execution) -> int:
    """Number of the first event that comes after the moment of an act."""
    events = (step.event for step in execution.steps if step.point == act.at)
    return next(events, len(execution.history.events))


def _possible_faults(execution: Execution, begun: Departure) -> Iterator[Fault]:
    """Every kind at every fault point where it can strike, from the execution's own ending on."""
    for point, event, refusals in execution.survey:
        for kind, refusal in refusals:
            if refusal is None and event >= begun.event:
                yield Fault(kind, point)


def _impossible_faults(execution: Execution) -> dict[tuple[str, str], str]:
    """Why a kind cannot strike, by fault point and kind."""
    return {
        (str(point), kind): refusal
        for point, _, refusals in execution.survey
        for kind, refusal in refusals
        if refusal is not None
    }


def _cancel_steps(execution: Execution, begun: Departure) -> Iterator[Step]:
    """The steps for a cancel: each operation and milestone, once a run exists."""
    after = first_event(execution, EventKind.STATUS)
    for step in execution.steps[begun.step :]:
        operation = step.point.operation
        if step.event > after and (operation.touches_database or operation is Operation.REACH):
            yield step
