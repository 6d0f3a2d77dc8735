"""The final update does not ask what is there: it overwrites a cancel written by somebody else."""

from __future__ import annotations

import sqlite3

from plain_manager import Job, PlainManager, PlainTarget


class UnconditionalUpdateManager(PlainManager):
    def write(self, connection: sqlite3.Connection, job: Job, outcome: str) -> None:
        connection.execute("UPDATE runs SET status = ? WHERE id = ?", (outcome, job.id))


class ConditionalUpdateManager(PlainManager):
    def write(self, connection: sqlite3.Connection, job: Job, outcome: str) -> None:
        connection.execute(
            "UPDATE runs SET status = ? WHERE id = ? AND status IN ('pending', 'running')",
            (outcome, job.id),
        )


class UnconditionalUpdate(PlainTarget):
    manager = UnconditionalUpdateManager


class ConditionalUpdate(PlainTarget):
    manager = ConditionalUpdateManager
