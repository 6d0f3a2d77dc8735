"""The API's cancel is written between the look at the row and the update of it."""

from __future__ import annotations

import sqlite3

from plain_manager import ACTIVE_STATUSES, Job, PlainManager, PlainTarget


class ApiCancelManager(PlainManager):
    def record(self, job: Job, outcome: str) -> str:
        def look(connection: sqlite3.Connection) -> str:
            query = "SELECT status FROM runs WHERE id = ?"
            return connection.execute(query, (job.id,)).fetchone()["status"]

        status = self.insist(look)
        if status not in ACTIVE_STATUSES:
            return status
        return super().record(job, outcome)


class OverwritesApiCancelManager(ApiCancelManager):
    def write(self, connection: sqlite3.Connection, job: Job, outcome: str) -> None:
        # The mistake: relies on a look that was taken in another transaction.
        connection.execute("UPDATE runs SET status = ? WHERE id = ?", (outcome, job.id))


class OverwritesApiCancel(PlainTarget):
    manager = OverwritesApiCancelManager


class RespectsApiCancel(PlainTarget):
    manager = ApiCancelManager
