"""Several runs in one life, one after the other."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import ClassVar

from runfaults.explore.findings import Findings
from runfaults.explore.job import CANCELS, NOTHING, Job, Measured, Scope
from runfaults.explore.runner import PlayerKind, Runner
from runfaults.model import Act, Fault, FaultPoint, Operation, Schedule
from runfaults.sim.execution import Execution
from runfaults.sim.stage import ActKind

ONCE, MANY_TIMES, ANEW, LATE = "again", "again-and-again", "reopen", "subscribe"

AGAIN = (ONCE, MANY_TIMES, ANEW, LATE)
"""The acts."""

_MAKING_RUNS = frozenset({ONCE, MANY_TIMES, ANEW})

_OVER = FaultPoint("user", Operation.REACH, "settled")
"""When the first run has ended."""

_CLOSED = FaultPoint("user", Operation.REACH, "closed")
"""When its manager is closed."""


@dataclass(frozen=True, slots=True)
class Repeats:
    """Many runs after a clean one; one more, of a new manager too, after a cancel or fault.

    Who subscribes to the first run while the second is at work, or has ended, is late.

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

    def places(self, act: ActKind) -> bool:
        """See `Particular`."""
        return act.name in {*AGAIN, *CANCELS}

    def suits(self, offered: Collection[str]) -> bool:  # noqa: ARG002  # any will do
        """See `Particular`."""
        return True

    def describe(self, measured: Measured = NOTHING) -> str:  # noqa: ARG002  # it takes no samples
        """The schedules in words."""
        surroundings = self.scope.describe_surroundings()
        if not _MAKING_RUNS & set(self.scope.acts):
            return f"no more runs in one life; {surroundings}"
        cancels = [each for each in CANCELS if each in self.scope.acts]
        before = [f"a cancel ({', '.join(cancels)})"] * bool(cancels)
        before += [f"a fault ({', '.join(self.scope.kinds)})"] * self.faults
        more = f", one more after {' or '.join(before)}" if before else ""
        return (
            f"many runs in one life, one after the other, or in one process{more}; {surroundings}"
        )

    def jobs(self, runner: Runner) -> Iterator[Job]:  # noqa: ARG002  # they are known beforehand
        """A job for each clean schedule."""
        for base in self.scope.bases():
            if _MAKING_RUNS & set(self.scope.acts):
                yield Job(base, rank=(4, 0), group="more runs in the same life")

    def run(self, runner: Runner, job: Job, found: Findings) -> None:
        """Run a base schedule with many runs, and each cancel and fault with another one after it.

        Late subscribers come where no fault strikes.
        """
        if MANY_TIMES in self.scope.acts:
            _add(runner, job.base.adding(Act(MANY_TIMES, _OVER)), found)
        another = [each for each in _ANOTHER if each.kind in self.scope.acts]
        clean = runner.player.play(job.base, survey=self.strikes)
        for first in (job.base, *self._cancelled(clean)):
            for act in another:
                second = _add(runner, first.adding(act), found)
                for point in _of_a_second_run(second) if LATE in self.scope.acts else ():
                    _add(runner, first.adding(act).adding(Act(LATE, point)), found)
        for point, _event, refusals in clean.survey:
            for kind, refusal in refusals:
                if refusal is None:
                    struck = job.base.adding(Fault(kind, point))
                    for act in another:
                        _add(runner, struck.adding(act), found)

    def _cancelled(self, clean: Execution) -> Iterator[Schedule]:
        """The base schedule with each cancel, while the work is done."""
        for point in _begun(clean)[:1]:
            for kind in CANCELS:
                if kind in self.scope.acts:
                    yield clean.history.schedule.adding(Act(kind, point))


_ANOTHER = (Act(ONCE, _OVER), Act(ANEW, _CLOSED))
"""What makes a second run."""


def _add(runner: Runner, schedule: Schedule, found: Findings) -> Execution:
    """Run a schedule; where the first run never ends, or never begins, there is no second."""
    trial = runner.run(schedule)
    if not trial.execution.unreached:
        found.add(trial)
    return trial.execution


def _of_a_second_run(execution: Execution) -> Iterator[FaultPoint]:
    """When its work has begun, and when it has ended."""
    yield from _begun(execution)[1:2]
    yield from (each for each in _reached(execution, "end") if each.actor in AGAIN)


def _begun(execution: Execution) -> list[FaultPoint]:
    """Where work begins."""
    return _reached(execution, "pipeline")


def _reached(execution: Execution, milestone: str) -> list[FaultPoint]:
    points = (each.point for each in execution.steps)
    return [at for at in points if at.operation is Operation.REACH and at.subject == milestone]
