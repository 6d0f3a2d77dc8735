"""Waits for the ends of runs, as the target has a user wait for them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from runfaults.model import EventKind
from runfaults.sim.actor import Wait
from runfaults.sim.known_runs import KnownRuns
from runfaults.sim.patience import Patience
from runfaults.sim.pipeline import OUTCOMES
from runfaults.sim.recorder import Recorder
from runfaults.sim.run_numbers import RunNumbers
from runfaults.sim.scheduler import Scheduler
from runfaults.targets.target import Manager, Target, Waits, offers, traits


@dataclass(frozen=True, slots=True)
class Ends:
    """Those of one schedule's runs.

    Attributes:
        target: The system under test.
        managers: All that were opened, the user's first.
        runs: What is known of the runs.
        numbers: What they are called.
        scheduler: Whose running actor waits.
        recorder: Has what was told until now.
        patience: Tells when nothing more can come.
    """

    target: Target
    managers: Sequence[Manager]
    runs: KnownRuns
    numbers: RunNumbers
    scheduler: Scheduler
    recorder: Recorder
    patience: Patience
    _drained: list[Manager] = field(default_factory=list[Manager])

    def wait_for(self, run: int, manager: Manager | None = None) -> None:
        """Return when a run of that manager, or of the user's own, has ended."""
        manager = manager or self.managers[0]
        if offers(manager, Waits):
            manager.wait(self.numbers.id_of(run))
            return
        self.patience.until(lambda: self.runs.is_over(run), Wait(end_of(run)))
        self.scheduler.touch(OUTCOMES, change=False)

    def wait_for_recovery(self, run: int) -> None:
        """Return when the database says that it has ended, or nothing more can come."""
        wait = Wait(f"{end_of(run)}, recovered")
        self.patience.until(lambda: self.runs.is_over(run), wait)

    def drain(self, manager: Manager) -> None:
        """Before it is closed: let every run end, and have none started, if the target asks so."""
        if traits(self.target).drains:
            self._drained.append(manager)
            self.patience.until_answered()
            for run in sorted({*self.runs.shown, *self._answered()}):
                self.wait_for(run)

    def may_start(self, manager: Manager) -> bool:
        """Whether a run is still started with it."""
        return all(each is not manager for each in self._drained)

    def _answered(self) -> Iterator[int]:
        for event in self.recorder.events:
            if event.kind is EventKind.REPLY and event.subject.startswith("start"):
                yield from () if event.run is None else (event.run,)


def end_of(run: int) -> str:
    """What a wait for a run's end is called."""
    return f"the end of run {run}"
