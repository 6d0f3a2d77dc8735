"""The first life of a process: what a target keeps between lives cannot hide a defect."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from runfaults.explore.findings import Findings
from runfaults.explore.job import NOTHING, Job, Measured, Scope
from runfaults.explore.runner import PlayerKind, Runner
from runfaults.explore.trial import Trial
from runfaults.model import Act, EventKind, Fault, FaultPoint, History, Verdict


@dataclass(frozen=True, slots=True)
class FirstLives:
    """One fault or act at each point of a life that is the first one of its process.

    Every other schedule is played in a process that has played some before. A target with a flag
    in a module, a circuit breaker or a cache may behave otherwise then. A verdict that only the
    first life gives is a doubt: the schedule does not give it again.

    Attributes:
        scope: The faults, the acts and the surroundings.
    """

    player: ClassVar = PlayerKind.SIMULATION

    scope: Scope

    @property
    def strikes(self) -> tuple[str, ...]:
        """The kinds of the faults in its schedules."""
        return ()

    def describe(self, measured: Measured = NOTHING) -> str:  # noqa: ARG002  # it takes no samples
        """The schedules in words."""
        what = ", ".join((*self.scope.kinds, *self.scope.acts))
        each = f"{what} at each point, once" if what else "without any fault or act"
        return (
            f"the first life of a process, compared with later ones: {each}; "
            f"{self.scope.describe_surroundings()}"
        )

    def jobs(self, runner: Runner) -> Iterator[Job]:  # noqa: ARG002  # they are known beforehand
        """A job for each schedule without elements."""
        for base in self.scope.bases():
            yield Job(base, rank=(3, 0), group="first lives of a process")

    def run(self, runner: Runner, job: Job, found: Findings) -> None:
        """Run a life, and each fault and act in it, as the first one of a process."""
        with runner.another(PlayerKind.FIRST_LIVES) as lives:
            clean = runner.judge(lives.play(job.base))
            schedules = map(job.base.adding, self._elements(clean.history))
            lived = [clean]
            for schedule in schedules:
                runner.require_time()
                lived.append(runner.judge(lives.play(schedule)))
        found.compared += len(lived)
        suspects = [each for each in lived if each.verdict is not Verdict.HOLDS]
        doubted = [each for each in suspects if runner.run(each.schedule).verdict is Verdict.HOLDS]
        if doubted:
            found.doubts.append(_doubt(doubted[0], len(doubted), len(lived)))

    def _elements(self, clean: History) -> Iterator[Fault | Act]:
        """A fault at each operation; an act at each one from which on there is a run."""
        acts: tuple[str, ...] = ()
        for event in clean.events:
            if event.kind is EventKind.STATUS:
                acts = self.scope.acts
            elif event.kind is EventKind.INVOKE:
                point = FaultPoint.parse(event.subject)
                yield from (Fault(kind, point) for kind in self.scope.kinds)
                yield from (Act(kind, point) for kind in acts)


def _doubt(first: Trial, count: int, total: int) -> str:
    told = "; ".join(f"{each.rule}: {each.verdict}: {each.reason}" for each in first.failing())
    return (
        f"{count} of {total} schedules hold only where their process has lived before; in the "
        f"first life of a process, {told}. The target keeps something in the process, such as a "
        f"module's variable; keep it in what `open` makes; schedule: {first.schedule}"
    )
