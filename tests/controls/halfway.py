"""Work that notices a cancel can only return: what a manager without a promise makes of that."""

from __future__ import annotations

import sqlite3

from plain_manager import Job, PlainManager, PlainTarget


class ReturningManager(PlainManager):
    """Its work has no exception to say that it stopped; its cancels are answered by None."""

    def cancel(self, run: int) -> None:  # type: ignore[override]  # it says neither yes nor no
        super().cancel(run)

    def do(self, job: Job, connection: sqlite3.Connection) -> None:
        self.work(connection, job.id, job.cancel.is_set)


class HalfIsAllManager(ReturningManager):
    def decide(self, job: Job, ending: str) -> str:
        job.decided = True
        return ending  # the mistake: work that returned has not done all of it


class HalfIsFailedManager(ReturningManager):
    def decide(self, job: Job, ending: str) -> str:
        decided = super().decide(job, ending)
        return "failed" if decided == "cancelled" else decided  # the mistake: no failure of its own


class HalfwayIsCompleted(PlainTarget):
    manager = HalfIsAllManager


class HalfwayIsFailed(PlainTarget):
    manager = HalfIsFailedManager


class HalfwayIsCancelled(PlainTarget):
    manager = ReturningManager
