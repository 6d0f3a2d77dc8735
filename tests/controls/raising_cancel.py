"""A cancel takes the run out of those that wait, though it may not be among them any more."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from plain_manager import Job, PlainManager, PlainTarget

from runfaults.targets.target import Work


class HasWaitingManager(PlainManager):
    def __init__(self, database: Path, work: Work) -> None:
        super().__init__(database, work)
        self.waiting: dict[int, Job] = {}

    def launch(self, job: Job) -> int:
        self.waiting[job.id] = job
        return super().launch(job)

    def do(self, job: Job, connection: sqlite3.Connection) -> None:
        self.waiting.pop(job.id, None)
        super().do(job, connection)


class RaisingCancelManager(HasWaitingManager):
    def cancel(self, run: int) -> bool:
        accepted = super().cancel(run)
        del self.waiting[run]
        return accepted


class LenientCancelManager(HasWaitingManager):
    def cancel(self, run: int) -> bool:
        accepted = super().cancel(run)
        self.waiting.pop(run, None)
        return accepted


class RaisingCancel(PlainTarget):
    manager = RaisingCancelManager


class LenientCancel(PlainTarget):
    manager = LenientCancelManager
