"""Instead of a thread for each job: a worker that polls the table."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path


class Jobs:
    """A worker that looks for jobs every second; a row that is inserted gets done."""

    def __init__(self, database: Path, function: Callable[[sqlite3.Connection, int], None]) -> None:
        self.database = database
        self.function = function
        threading.Thread(target=self.poll, name="worker").start()

    def submit(self) -> int:
        """Insert a job; returns the job's id."""
        with closing(sqlite3.connect(self.database)) as connection, connection:
            job = connection.execute(
                "INSERT INTO job_table (job_state) VALUES ('queued')"
            ).lastrowid
        if job is None:
            raise RuntimeError("SQLite gives every inserted row an id")
        return job

    def poll(self) -> None:
        """Do what is queued, without end."""
        while True:
            with suppress(sqlite3.Error):
                self.do_next()
            time.sleep(1.0)

    def do_next(self) -> None:
        """Do the next job, if there is one."""
        query = "SELECT min(job_id) FROM job_table WHERE job_state = 'queued'"
        with closing(sqlite3.connect(self.database)) as connection:
            (job,) = connection.execute(query).fetchone()
            if job is not None:
                self.record(connection, job, "running")
                self.run(connection, job)

    def run(self, connection: sqlite3.Connection, job: int) -> None:
        """Do the work and record how it went; an error while recording counts as failure."""
        try:
            self.function(connection, job)
            self.record(connection, job, "done")
        except Exception:  # noqa: BLE001
            connection.rollback()
            self.record(connection, job, "error")

    def record(self, connection: sqlite3.Connection, job: int, state: str) -> None:
        """Write down the state of a job."""
        connection.execute("UPDATE job_table SET job_state = ? WHERE job_id = ?", (state, job))
        connection.commit()
