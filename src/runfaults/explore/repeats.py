"""Several runs in one life, one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from runfaults.explore.findings import Findings
from runfaults.explore.job import NOTHING, Job, Measured, Scope
from runfaults.explore.runner import PlayerKind, Runner
from runfaults.model import Act, Fault, FaultPoint, Operation, Schedule

ONCE, MANY_TIMES = "again", "again-and-again"

AGAIN = (ONCE, MANY_TIMES)
"""The acts."""

_OVER = FaultPoint("user", Operation.REACH, "settled")
"""When the first run has ended."""


@dataclass(frozen=True, slots=True)
class Repeats:
    """Many runs after a clean one; one more after a run that met a fault.

    A job is a base schedule with all the faults of its history.

    Attributes:
        scope: The endings, and the kinds of faults that the first run meets.
        faults: Whether there are such.
    """

    player: ClassVar = PlayerKind.SIMULATION

    scope: Scope
    faults: bool = False

    @property
    def strikes(self) -> tuple[str, ...]:
        """The kinds of the faults in its schedules."""
        return self.scope.kinds if self.faults else ()

    def describe(self, measured: Measured = NOTHING) -> str:  # noqa: ARG002  # it takes no samples
        """The schedules in words."""
        kinds = f", one more after a fault ({', '.join(self.scope.kinds)})" * self.faults
        return (
            f"many runs in one life, one after the other{kinds}; "
            f"{self.scope.describe_surroundings()}"
        )

    def jobs(self, runner: Runner) -> Iterator[Job]:  # noqa: ARG002  # they are known beforehand
        """A job for each clean schedule."""
        for base in self.scope.bases():
            if set(AGAIN) & set(self.scope.acts):
                yield Job(base, rank=(4, 0), group="more runs in the same life")

    def run(self, runner: Runner, job: Job, found: Findings) -> None:
        """Run a base schedule with many runs, and each fault with another run after it."""
        if MANY_TIMES in self.scope.acts:
            _add(runner, job.base.adding(Act(MANY_TIMES, _OVER)), found)
        if not self.faults or ONCE not in self.scope.acts:
            return
        for point, _event, refusals in runner.player.play(job.base, survey=self.scope.kinds).survey:
            for kind, refusal in refusals:
                if refusal is None:
                    struck = job.base.adding(Fault(kind, point))
                    _add(runner, struck.adding(Act(ONCE, _OVER)), found)


def _add(runner: Runner, schedule: Schedule, found: Findings) -> None:
    """Run a schedule; where the first run never ends, or never begins, there is no second."""
    trial = runner.run(schedule)
    if not trial.execution.unreached:
        found.add(trial)
