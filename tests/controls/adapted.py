"""The adapter of a job runner that is in another file: no defect is its own."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from adapted_job import Job

from runfaults.targets import Adapter, Audit, Vocabulary, Work


class Adapted(Adapter):
    schema = "CREATE TABLE jobs (id INTEGER PRIMARY KEY, state TEXT)"
    audit = Audit("jobs", key="id", status="state")
    vocabulary = Vocabulary.of("running", "done", "error", "cancelled")
    exempt = {"one-active-run": "jobs run side by side"}  # noqa: RUF012

    def begin(self, database: Path, work: Work) -> None:
        self.database, self.work = database, work
        self.jobs: dict[int, Job] = {}

    def start(self) -> int:
        with closing(sqlite3.connect(self.database)) as connection, connection:
            number = connection.execute("INSERT INTO jobs (state) VALUES ('running')").lastrowid
        assert number is not None
        self.jobs[number] = Job(self.database, self.work, number)
        self.jobs[number].start()
        return number

    def cancel(self, run: int) -> bool:
        return self.jobs[run].cancel()
