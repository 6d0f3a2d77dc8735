"""Every fault kind at every point by its real cause, and causes that no kind stands for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from runfaults.explore.findings import Findings
from runfaults.explore.job import NOTHING, Job, Measured, Scope
from runfaults.explore.runner import PlayerKind, Runner
from runfaults.model import Fault, Schedule
from runfaults.native.native import NativeSimulation
from runfaults.sqlite.kinds import KINDS
from runfaults.sqlite.real.lasting import CAUSES


@dataclass(frozen=True, slots=True)
class RealCauses:
    """Each kind once at each point where it can strike; each other cause at each operation.

    A job is a base schedule with all kinds, or with one of the other causes.

    Attributes:
        scope: The kinds, those of `CAUSES` among them, and the surroundings.
    """

    player: ClassVar = PlayerKind.NATIVE

    scope: Scope

    @property
    def strikes(self) -> tuple[str, ...]:
        """The kinds of the faults in its schedules."""
        return self.scope.kinds

    def describe(self, measured: Measured = NOTHING) -> str:  # noqa: ARG002  # it takes no samples
        """The schedules in words."""
        kinds, *causes = self._groups
        named = "every fault kind" if kinds == tuple(KINDS) else ", ".join(kinds) or "no fault kind"
        lasting = f"{', '.join(name for (name,) in causes) or 'no cause'} around every operation"
        return (
            f"{named} once at every point, by its real cause; {lasting}; "
            f"{self.scope.describe_surroundings()}"
        )

    def jobs(self, runner: Runner) -> Iterator[Job]:  # noqa: ARG002  # they are known beforehand
        """All kinds, then one cause after the other."""
        for number, names in enumerate(self._groups):
            for base in self.scope.bases() if names else ():
                yield Job(base, number, rank=(6, number), group="real causes of faults")

    def run(self, runner: Runner, job: Job, found: Findings) -> None:
        """Provoke the faults of one base schedule.

        The same schedule with the emulated fault must give the same history, or that is a problem.
        """
        for schedule in self._schedules(runner, job.base, self._groups[job.begin]):
            (fault,) = schedule.faults
            trial = runner.run(schedule)
            if trial.execution.unavailable:
                reason = trial.execution.unavailable[0]
                found.impossible[str(fault.at), fault.kind] = f"not available here: {reason}"
                continue
            found.add(trial)
            if fault.kind in KINDS and isinstance(runner.player, NativeSimulation):
                with runner.player.emulating():
                    emulated = runner.player.play(schedule)
                if emulated.history.text() != trial.history.text():
                    found.problems.append(f"{schedule}: the real fault and the emulated one differ")

    @property
    def _groups(self) -> list[tuple[str, ...]]:
        """The kinds that have an emulation, then each other cause for itself."""
        names = self.scope.kinds
        emulated = tuple(name for name in names if name in KINDS)
        return [emulated, *((name,) for name in names if name in CAUSES)]

    def _schedules(
        self, runner: Runner, base: Schedule, names: Sequence[str]
    ) -> Iterator[Schedule]:
        for point, _event, refusals in runner.player.play(base, survey=names).survey:
            for name, refusal in refusals:
                if refusal is None:
                    yield base.adding(Fault(name, point))
