"""Another process on the same database, at every moment of a run."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import ClassVar

from runfaults.explore.findings import Findings
from runfaults.explore.job import NOTHING, Job, Measured, Scope
from runfaults.explore.rehearsal import earliest_event, may_enter
from runfaults.explore.runner import PlayerKind, Runner
from runfaults.model import Act
from runfaults.sim.stage import ActKind


@dataclass(frozen=True, slots=True)
class Processes:
    """One act of another process at each point of a clean schedule.

    A visit that waits for what this process would do proves nothing, and is not counted: it needs a
    lock that is held here, or more time than a process can be taken to stand still.

    Attributes:
        scope: The acts and the surroundings.
    """

    player: ClassVar = PlayerKind.SIMULATION

    scope: Scope

    @property
    def strikes(self) -> tuple[str, ...]:
        """The kinds of the faults in its schedules."""
        return ()

    def places(self, act: ActKind) -> bool:
        """See `Particular`."""
        return act.of_process

    def suits(self, offered: Collection[str]) -> bool:
        """See `Particular`."""
        return not set(self.scope.acts).isdisjoint(offered)

    def describe(self, measured: Measured = NOTHING) -> str:  # noqa: ARG002  # it takes no samples
        """The schedules in words."""
        acts = ", ".join(self.scope.acts) or "nothing"
        return (
            f"another process, a real one, at each point: {acts}; "
            f"{self.scope.describe_surroundings()}"
        )

    def jobs(self, runner: Runner) -> Iterator[Job]:  # noqa: ARG002  # they are known beforehand
        """A job for each clean schedule and each act."""
        for base in self.scope.bases():
            for number in range(len(self.scope.acts)):
                yield Job(base, number, rank=(3, 1), group="another process")

    def run(self, runner: Runner, job: Job, found: Findings) -> None:
        """Run a clean schedule with an act at each point."""
        clean, kind = runner.player.play(job.base), self.scope.acts[job.begin]
        born, in_vain = earliest_event(clean, kind), list[str]()
        for step in clean.steps:
            if may_enter(kind, step, born):
                trial = runner.run(job.base.adding(Act(kind, step.point)))
                if not trial.execution.unreached:
                    found.add(trial)
                in_vain += trial.execution.unreached
        if in_vain and not found.verdicts.total():
            found.in_vain.add(f"another process was tried in vain: {in_vain[0]}")
