"""Instead of a thread for each job: an event loop in a thread."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path


class Jobs:
    """Runs each job as a task of an event loop, which has a thread of its own."""

    def __init__(self, database: Path, function: Callable[[sqlite3.Connection, int], None]) -> None:
        self.database = database
        self.function = function
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, name="loop")
        self.thread.start()

    def submit(self) -> int:
        """Insert a job and have the loop run it; returns the job's id."""
        with closing(sqlite3.connect(self.database)) as connection, connection:
            job = connection.execute(
                "INSERT INTO job_table (job_state) VALUES ('running')"
            ).lastrowid
        if job is None:
            raise RuntimeError("SQLite gives every inserted row an id")
        asyncio.run_coroutine_threadsafe(self.handle(job), self.loop)
        return job

    async def handle(self, job: int) -> None:
        """The task of a job: it gives up after an hour."""
        await asyncio.wait_for(asyncio.to_thread(self.run, job), 3600)

    def run(self, job: int) -> None:
        """Do the work and record how it went; an error while recording counts as failure.

        Of `SystemExit` too: it would end the loop.
        """
        with closing(sqlite3.connect(self.database)) as connection:
            try:
                self.function(connection, job)
                self.record(connection, job, "done")
            except BaseException:  # noqa: BLE001
                connection.rollback()
                self.record(connection, job, "error")

    def record(self, connection: sqlite3.Connection, job: int, state: str) -> None:
        """Write down the state of a job."""
        connection.execute("UPDATE job_table SET job_state = ? WHERE job_id = ?", (state, job))
        connection.commit()

    def close(self) -> None:
        """End the loop."""
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.run_until_complete(self.loop.shutdown_default_executor())
        self.loop.close()
