"""Tasks of an event loop: one paused at a step for all that could go first, or one cancelled.

What a task touches between two awaits is not known, so no two orders are taken for the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from runfaults.explore.determinism import compare_some
from runfaults.explore.findings import Findings
from runfaults.explore.job import NOTHING, Job, Measured, Scope
from runfaults.explore.runner import PlayerKind, Runner
from runfaults.model import Act, FaultPoint, Preemption
from runfaults.model.element import CANCEL_TASK
from runfaults.sim.execution import Execution, TaskStep
from runfaults.sim.tasks import EVENT_LOOP, OTHERS
from runfaults.targets.target import NamesCancellable, Target


@dataclass(frozen=True, slots=True)
class Tasks:
    """One task paused at any of its steps, or cancelled at any of its awaits.

    Cancelled are those that other code holds: see `NamesCancellable`. What the program keeps to
    itself, it cancels itself.

    Attributes:
        scope: The surroundings; its acts say whether tasks are cancelled.
        paused: Whether tasks are paused.
    """

    player: ClassVar = PlayerKind.SIMULATION

    scope: Scope
    paused: bool = True

    @property
    def strikes(self) -> tuple[str, ...]:
        """The kinds of the faults in its schedules."""
        return ()

    def describe(self, measured: Measured = NOTHING) -> str:  # noqa: ARG002  # it takes no samples
        """The schedules in words."""
        ways = ["paused at any step"] * self.paused
        ways += ["cancelled at any await"] * (CANCEL_TASK in self.scope.acts)
        what = (
            f"one task of an event loop {' or '.join(ways)}" if ways else "no task of an event loop"
        )
        return f"{what}; {self.scope.describe_surroundings()}"

    def jobs(self, runner: Runner) -> Iterator[Job]:
        """The clean schedules, if there are tasks."""
        for base in self.scope.bases():
            if runner.player.play(base).tasks:
                yield Job(base, rank=(4, 0), group="switches between tasks")

    def run(self, runner: Runner, job: Job, found: Findings) -> None:
        """Run a clean schedule once for each pause, and once for each cancel."""
        execution = runner.run(job.base).execution
        for element in self._elements(execution, runner.player.target):
            found.add(runner.run(job.base.adding(element)))
        compare_some(runner.player, job.base, found)

    def _elements(self, execution: Execution, target: Target) -> Iterator[Preemption | Act]:
        if self.paused:
            yield from _pauses(execution)
        if CANCEL_TASK in self.scope.acts:
            yield from _cancels(execution, target)


def _pauses(execution: Execution) -> Iterator[Preemption]:
    """One for each step at which something else could go first."""
    for step in execution.tasks:
        if OTHERS in step.at.ready:
            yield Preemption(step.at.point, OTHERS)


def _cancels(execution: Execution, target: Target) -> Iterator[Act]:
    """One for each moment at which a task that other code holds is at one of its awaits.

    A task that has not begun is at none: nothing that it does could prepare it for that.
    """
    lives: dict[str, list[TaskStep]] = {}
    for step in execution.tasks:
        if _is_cancellable(step, target):
            lives.setdefault(step.at.point.subject, []).append(step)
    for name, steps in lives.items():
        for point in _between(execution, steps[0], steps[-1]):
            yield Act(CANCEL_TASK, point, name)


def _is_cancellable(step: TaskStep, target: Target) -> bool:
    if isinstance(target, NamesCancellable):
        return re.sub(r"-\d+$", "", step.at.point.subject) in target.cancellable
    return step.from_outside


def _between(execution: Execution, first: TaskStep, last: TaskStep) -> Iterator[FaultPoint]:
    """The steps of tasks, and the yield points of others, after one step of a task up to another.

    What reaches a loop while it is at work has to wait until it looks for what has come.
    """
    begin, end = execution.tasks.index(first), execution.tasks.index(last)
    yield from (step.at.point for step in execution.tasks[begin + 1 : end + 1])
    for step in execution.steps[first.number : last.number]:
        if step.point.actor != first.at.point.actor or step.point.subject == EVENT_LOOP:
            yield step.point
