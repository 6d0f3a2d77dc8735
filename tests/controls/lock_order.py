"""AB-BA: the run takes the notes' lock and then the manager's, a cancel the other way round."""

from __future__ import annotations

from pathlib import Path
from threading import Lock

from plain_manager import Job, PlainManager, PlainTarget

from runfaults.targets.target import Work


class OrderedLocksManager(PlainManager):
    def __init__(self, database: Path, work: Work) -> None:
        super().__init__(database, work)
        self.noting = Lock()
        self.notes: list[str] = []

    def decide(self, job: Job, ending: str) -> str:
        with self.noting:
            outcome = super().decide(job, ending)
            self.notes.append(outcome)
        return outcome

    def cancel(self, run: int) -> bool:
        with self.noting:
            accepted = super().cancel(run)
            self.notes.append(f"cancel {accepted}")
        return accepted


class CrossedLocksManager(OrderedLocksManager):
    def cancel(self, run: int) -> bool:
        with self.lock:
            job = self.job
            accepted = job is not None and job.id == run and not job.decided
            if job is not None and accepted:
                job.cancel.set()
            with self.noting:  # the mistake: the manager's lock is held already
                self.notes.append(f"cancel {accepted}")
        return accepted


class CrossedLocks(PlainTarget):
    manager = CrossedLocksManager


class OrderedLocks(PlainTarget):
    manager = OrderedLocksManager
