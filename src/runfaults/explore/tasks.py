"""Tasks of an event loop: one paused at a step for all that could go first, or one cancelled.

What a task touches between two awaits is not known, so no two orders are taken for the same.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import ClassVar

from runfaults.explore.determinism import compare_some
from runfaults.explore.findings import Findings
from runfaults.explore.job import NOTHING, Job, Measured, Scope
from runfaults.explore.rehearsal import rehearsal_of
from runfaults.explore.runner import PlayerKind, Runner
from runfaults.model import Act, Ending, Fault, Preemption, Schedule
from runfaults.model.element import CANCEL_TASK
from runfaults.sim.execution import Execution, Step, TaskStep
from runfaults.sim.stage import ActKind
from runfaults.sim.tasks import EVENT_LOOP, OTHERS
from runfaults.targets.target import Target, traits


@dataclass(frozen=True, slots=True)
class Tasks:
    """One task paused at any of its steps, or cancelled at any of its awaits.

    Cancelled are those that other code holds: see `Traits`. What the program keeps to
    itself, it cancels itself. A job is a schedule before that: a clean one, or one with a fault.

    Attributes:
        scope: The surroundings; its acts say whether tasks are cancelled.
        paused: Whether tasks are paused.
        faults: Whether a fault strikes besides, before it or after it.
    """

    player: ClassVar = PlayerKind.SIMULATION

    scope: Scope
    paused: bool = True
    faults: bool = False

    @property
    def strikes(self) -> tuple[str, ...]:
        """The kinds of the faults in its schedules."""
        return self.scope.kinds if self.faults else ()

    def places(self, act: ActKind) -> bool:
        """See `Particular`."""
        return not (act.awaited or act.of_process)

    def suits(self, offered: Collection[str]) -> bool:
        """See `Particular`."""
        return CANCEL_TASK in offered

    def describe(self, measured: Measured = NOTHING) -> str:  # noqa: ARG002  # it takes no samples
        """The schedules in words."""
        ways = ["paused at any step"] * self.paused
        ways += ["cancelled at any await"] * (CANCEL_TASK in self.scope.acts)
        struck = f", a fault ({', '.join(self.strikes)}) before or after it" * self.faults
        what = f"one task of an event loop {' or '.join(ways)}{struck}"
        surroundings = self.scope.describe_surroundings()
        return f"{what if ways else 'no task of an event loop'}; {surroundings}"

    def jobs(self, runner: Runner) -> Iterator[Job]:
        """The clean schedules, if there are tasks, and each with one fault."""
        for base in self.scope.bases():
            execution = runner.player.play(base, survey=self.strikes)
            if execution.tasks:
                for schedule in (base, *self._struck(execution)):
                    yield Job(schedule, rank=(4, schedule.size), group="switches between tasks")

    def run(self, runner: Runner, job: Job, found: Findings) -> None:
        """Run the schedule of a job once for each pause, and once for each cancel, after it.

        And a clean one with each of them and each fault that can follow.
        """
        execution = runner.run(job.base, survey=self.strikes).execution
        begin = rehearsal_of(execution).last.event
        if not job.base.faults and job.base.pipeline is Ending.SUCCEEDS:
            found.in_vain.update(_unknown(execution, runner.player.target))
        for element in self._elements(execution, runner.player.target, begin):
            trial = runner.run(job.base.adding(element), survey=self.strikes)
            found.add(trial)
            if not job.base.faults:
                for struck in self._struck(trial.execution):
                    found.add(runner.run(struck))
        compare_some(runner.player, job.base, found)

    def _struck(self, execution: Execution) -> Iterator[Schedule]:
        """A schedule that was run, with each fault that can come after all that it has."""
        for offer in rehearsal_of(execution).faults():
            if offer.late:
                yield execution.history.schedule.adding(Fault(offer.name, offer.point))

    def _elements(
        self, execution: Execution, target: Target, begin: int
    ) -> Iterator[Preemption | Act]:
        """What can be added after an event."""
        if self.paused:
            yield from _pauses(execution, begin)
        if CANCEL_TASK in self.scope.acts:
            yield from _cancels(execution, target, begin)


def _pauses(execution: Execution, begin: int) -> Iterator[Preemption]:
    """One for each step at which something else could go first."""
    for step in execution.tasks:
        if OTHERS in step.at.ready and step.at.event > begin:
            yield Preemption(step.at.point, OTHERS)


def _cancels(execution: Execution, target: Target, begin: int) -> Iterator[Act]:
    """One for each moment at which a task that other code holds is at one of its awaits.

    A task that has not begun is at none: nothing that it does could prepare it for that.
    """
    lives: dict[str, list[TaskStep]] = {}
    for step in execution.tasks:
        if _is_cancellable(step, target):
            lives.setdefault(step.at.point.subject, []).append(step)
    for name, steps in lives.items():
        for at in _between(execution, steps[0], steps[-1]):
            if at.event > begin:
                yield Act(CANCEL_TASK, at.point, name)


def _is_cancellable(step: TaskStep, target: Target) -> bool:
    cancellable = traits(target).cancellable
    return step.from_outside if cancellable is None else _coroutine(step) in cancellable


def _unknown(execution: Execution, target: Target) -> Iterator[str]:
    """What to say of names of coroutines that no task of a clean run that succeeds has."""
    known = {_coroutine(step) for step in execution.tasks}
    for name in traits(target).cancellable or ():
        if name not in known:
            yield (
                f"`cancellable` names {name}, and no task of a run that succeeds is one of it: "
                f"they are of {', '.join(sorted(known))}"
            )


def _coroutine(step: TaskStep) -> str:
    """The qualified name of the coroutine that a task runs."""
    return re.sub(r"-\d+$", "", step.at.point.subject)


def _between(execution: Execution, first: TaskStep, last: TaskStep) -> Iterator[Step]:
    """The steps of tasks, and the yield points of others, after one step of a task up to another.

    What reaches a loop while it is at work has to wait until it looks for what has come.
    """
    begin, end = execution.tasks.index(first), execution.tasks.index(last)
    yield from (step.at for step in execution.tasks[begin + 1 : end + 1])
    for step in execution.steps[first.number : last.number]:
        if step.point.actor != first.at.point.actor or step.point.subject == EVENT_LOOP:
            yield step
