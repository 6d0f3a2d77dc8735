"""The skeleton's system with its mistake mended: it records until it has recorded."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from pathlib import Path

from runfaults.targets import Work
from runfaults.targets.skeletons.thread import Jobs, MyTarget


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
        while not self.keeps(job, state):
            time.sleep(1.0)

    def keeps(self, job: int, state: str) -> bool:
        try:
            with closing(sqlite3.connect(self.database)) as connection:
                self.record(connection, job, state)
        except sqlite3.OperationalError:
            return False
        return True


class PatientTarget(MyTarget):
    name = "patient"

    def begin(self, database: Path, work: Work) -> None:
        self.jobs = PatientJobs(database, work)
