"""Waits for the row to become running; a row that was cancelled never does."""

from __future__ import annotations

import sqlite3
import time

from plain_manager import Job, PlainManager, PlainTarget

from genglossary.db.runs_repository import get_run

INTERVAL = 3600.0
"""Seconds between two looks."""


class PatientPollingManager(PlainManager):
    def begin(self, job: Job) -> bool:
        begun = super().begin(job)
        while not self.arrived(self.insist(lambda connection: _status(connection, job))):
            time.sleep(INTERVAL)
        return begun

    def arrived(self, status: str) -> bool:
        return status != "pending"


class EndlessPollingManager(PatientPollingManager):
    def arrived(self, status: str) -> bool:
        return status == "running"


def _status(connection: sqlite3.Connection, job: Job) -> str:
    row = get_run(connection, job.id)
    assert row is not None
    return row["status"]


class EndlessPolling(PlainTarget):
    manager = EndlessPollingManager


class PatientPolling(PlainTarget):
    manager = PatientPollingManager
