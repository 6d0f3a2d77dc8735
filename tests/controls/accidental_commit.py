"""A note on the run's own connection commits what the work left behind when it raised."""

from __future__ import annotations

import contextlib
import sqlite3

from plain_manager import Job, PlainManager, PlainTarget


class AccidentalCommitManager(PlainManager):
    def work_on(self, job: Job, connection: sqlite3.Connection) -> str:
        ending = super().work_on(job, connection)
        with contextlib.suppress(sqlite3.Error, MemoryError):
            connection.execute("UPDATE runs SET finished_at = 'now' WHERE id = ?", (job.id,))
            connection.commit()
        return ending


class RollsBackFirstManager(PlainManager):
    def work_on(self, job: Job, connection: sqlite3.Connection) -> str:
        ending = super().work_on(job, connection)
        with contextlib.suppress(sqlite3.Error, MemoryError):
            connection.rollback()
            connection.execute("UPDATE runs SET finished_at = 'now' WHERE id = ?", (job.id,))
            connection.commit()
        return ending


class AccidentalCommit(PlainTarget):
    manager = AccidentalCommitManager


class RollsBackFirst(PlainTarget):
    manager = RollsBackFirstManager
