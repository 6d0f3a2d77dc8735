"""A retry on a second connection, while the first still holds what its COMMIT left behind.

A COMMIT that met a reader fails with BUSY and keeps its transaction and its lock: until it is
rolled back, no other connection gets past it, not even one of the same process.
"""

from __future__ import annotations

import contextlib
import sqlite3

from plain_manager import Job, PlainManager, PlainTarget

from genglossary.db.connection import database_connection


class LetsGoFirstManager(PlainManager):
    def record(self, job: Job, outcome: str) -> str:
        with contextlib.ExitStack() as first:
            self.try_once(first, job, outcome)
        return super().record(job, outcome)

    def try_once(self, first: contextlib.ExitStack, job: Job, outcome: str) -> None:
        with contextlib.suppress(sqlite3.Error, MemoryError):
            connection = first.enter_context(database_connection(self.database))
            self.write(connection, job, outcome)
            connection.commit()


class SelfLockManager(LetsGoFirstManager):
    def record(self, job: Job, outcome: str) -> str:
        with contextlib.ExitStack() as first:
            self.try_once(first, job, outcome)
            # The mistake: the first connection is still open.
            return PlainManager.record(self, job, outcome)


class SelfLock(PlainTarget):
    manager = SelfLockManager


class LetsGoFirst(PlainTarget):
    manager = LetsGoFirstManager
