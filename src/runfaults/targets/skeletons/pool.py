"""Instead of a thread for each job: a pool of them."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path


class Jobs:
    """Runs jobs in a pool of two threads and records how they went."""

    def __init__(self, database: Path, function: Callable[[sqlite3.Connection, int], None]) -> None:
        self.database = database
        self.function = function
        self.pool = ThreadPoolExecutor(2)

    def submit(self) -> int:
        """Insert a job and hand it to the pool; returns the job's id."""
        with closing(sqlite3.connect(self.database)) as connection, connection:
            job = connection.execute(
                "INSERT INTO job_table (job_state) VALUES ('running')"
            ).lastrowid
        if job is None:
            raise RuntimeError("SQLite gives every inserted row an id")
        self.pool.submit(self.run, job)
        return job

    def run(self, job: int) -> None:
        """Do the work and record how it went; an error while recording counts as failure."""
        with closing(sqlite3.connect(self.database)) as connection:
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

    def close(self) -> None:
        """Let the pool do what it has, and end."""
        self.pool.shutdown()
