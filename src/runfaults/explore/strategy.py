"""What a strategy is: it describes itself, lists jobs and runs one."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any, ClassVar, Protocol, runtime_checkable

from runfaults.explore.findings import Findings
from runfaults.explore.job import NOTHING, Job, Measured, Scope
from runfaults.explore.runner import PlayerKind, Runner
from runfaults.sim.stage import ActKind


class Strategy(Protocol):
    """A way of choosing schedules: a frozen dataclass.

    It travels to other processes, and its `repr` is what a result is remembered by.
    """

    __dataclass_fields__: ClassVar[dict[str, Any]]

    player: ClassVar[PlayerKind]
    """What makes its schedules happen."""

    @property
    def scope(self) -> Scope:
        """What its schedules may consist of."""
        ...

    @property
    def strikes(self) -> tuple[str, ...]:
        """The kinds of the faults in its schedules, those that it only compares left out."""
        ...

    def describe(self, measured: Measured = NOTHING) -> str:
        """The schedules in words.

        Args:
            measured: What the samples were like, if they were taken.
        """
        ...

    def jobs(self, runner: Runner) -> Iterable[Job]:
        """The jobs that are known from the beginning, smallest first."""
        ...

    def run(self, runner: Runner, job: Job, found: Findings) -> None:
        """Run one job; what follows from it is for `Findings.follow`."""
        ...


@runtime_checkable
class Particular(Protocol):
    """A strategy of acts of its own; any other one places what is done alone at a point."""

    def places(self, act: ActKind) -> bool:
        """Whether it places acts of that kind."""
        ...

    def suits(self, offered: Collection[str]) -> bool:
        """Whether it has anything to do with a target that offers these acts."""
        ...
