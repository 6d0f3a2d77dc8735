"""A scheduler that starts what is due: an hour of waiting takes no time."""

from __future__ import annotations

import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path

from workers import outcome

from runfaults.targets import Adapter, Audit, Vocabulary, Work


class Scheduler:
    """Looks each minute for what is due, until it is told to stop."""

    def __init__(self, database: Path, work: Work) -> None:
        self.database, self.work = database, work
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def add(self, delay: float) -> int | None:
        with closing(sqlite3.connect(self.database)) as connection, connection:
            sql = "INSERT INTO jobs (due, state) VALUES (?, 'waiting')"
            return connection.execute(sql, (time.time() + delay,)).lastrowid

    def run(self) -> None:
        while not self.stopped.wait(60.0):
            with closing(sqlite3.connect(self.database)) as connection:
                sql = "SELECT id FROM jobs WHERE state = 'waiting' AND due <= ?"
                for (job,) in connection.execute(sql, (time.time(),)).fetchall():
                    state = outcome(self.work, connection, job)
                    connection.execute("UPDATE jobs SET state = ? WHERE id = ?", (state, job))
                    connection.commit()

    def stop(self) -> None:
        self.stopped.set()
        self.thread.join()


class Periodic(Adapter):
    schema = "CREATE TABLE jobs (id INTEGER PRIMARY KEY, due REAL, state TEXT)"
    audit = Audit("jobs", key="id", status="state")
    vocabulary = Vocabulary.of("waiting", "done", "error")
    drains = True  # what waits when it is stopped is done by the next process
    exempt = {"one-active-run": "as many as are due"}  # noqa: RUF012

    def begin(self, database: Path, work: Work) -> None:
        self.scheduler = Scheduler(database, work)

    def start(self) -> int | None:
        return self.scheduler.add(delay=3600.0)

    def close(self) -> None:
        self.scheduler.stop()
