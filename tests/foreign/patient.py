"""The skeleton's system with its mistake mended: it records until it has recorded."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from pathlib import Path

from runfaults.targets.skeleton import Jobs, MyManager, MyTarget
from runfaults.targets.target import Work


class PatientJobs(Jobs):
    def submit(self) -> int:
        while True:
            try:
                return super().submit()
            except sqlite3.OperationalError:
                time.sleep(1.0)

    def run(self, job: int) -> None:
        state = "done"
        try:
            with closing(sqlite3.connect(self.database)) as connection:
                self.function(connection, job)
        except Exception:  # noqa: BLE001 - however it went wrong
            state = "error"
        while not self.record(job, state):
            time.sleep(1.0)

    def record(self, job: int, state: str) -> bool:
        try:
            with closing(sqlite3.connect(self.database)) as connection:
                connection.execute("UPDATE jobs SET state = ? WHERE id = ?", (state, job))
                connection.commit()
        except sqlite3.OperationalError:
            return False
        return True


class PatientManager(MyManager):
    def __init__(self, database: Path, work: Work) -> None:
        super().__init__(database, work)
        self._jobs = PatientJobs(database, work)


class PatientTarget(MyTarget):
    name = "patient"

    def open(self, database: Path, work: Work) -> PatientManager:
        return PatientManager(database, work)
