"""The second attempt finds its own first one and takes it for a cancel that nobody asked for.

The first attempt's COMMIT raised, but took effect: the row is `running`, not `pending`.
"""

from __future__ import annotations

import sqlite3

from plain_manager import Job, PlainManager, PlainTarget

from genglossary.db.runs_repository import get_run


def _update(connection: sqlite3.Connection, job: Job) -> int:
    return connection.execute(
        "UPDATE runs SET status = 'running' WHERE id = ? AND status = 'pending'", (job.id,)
    ).rowcount


class MistakenCancelManager(PlainManager):
    def begin(self, job: Job) -> bool:
        return self.insist(lambda connection: _update(connection, job) == 1)


class LooksAgainManager(PlainManager):
    def begin(self, job: Job) -> bool:
        def once(connection: sqlite3.Connection) -> bool:
            row = None if _update(connection, job) else get_run(connection, job.id)
            return row is None or row["status"] == "running"

        return self.insist(once)


class MistakenCancel(PlainTarget):
    manager = MistakenCancelManager


class LooksAgain(PlainTarget):
    manager = LooksAgainManager
