"""A small job runner that is right without faults; each case changes one thing of it."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

from runfaults.model import Vocabulary
from runfaults.targets.target import Audit, Work


class Jobs:
    """Runs each job in a thread of its own; an error while recording counts as failure."""

    def __init__(self, database: Path, work: Work) -> None:
        self.database, self.work = database, work
        self.threads: dict[int, threading.Thread] = {}

    def connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self.database)

    def start(self) -> int:
        with closing(self.connect()) as connection:
            job = connection.execute("INSERT INTO jobs (state) VALUES ('running')").lastrowid
            connection.commit()
        assert job is not None
        self.threads[job] = threading.Thread(target=self.run, args=(job,))
        self.threads[job].start()
        return job

    def run(self, job: int) -> None:
        with closing(self.connect()) as connection:
            try:
                self.do(connection, job)
                self.record(connection, job, "done")
            except Exception:  # noqa: BLE001 - naive, on purpose
                connection.rollback()
                self.record(connection, job, "error")

    def do(self, connection: sqlite3.Connection, job: int) -> None:
        self.work(connection, job)

    def record(self, connection: sqlite3.Connection, job: int, state: str) -> None:
        connection.execute("UPDATE jobs SET state = ? WHERE id = ?", (state, job))
        connection.commit()

    def wait(self, run: int) -> None:
        self.threads[run].join()

    def close(self) -> None:
        """Nothing is held."""


class JobsTarget:
    """The target around it."""

    name = "jobs"
    vocabulary = Vocabulary(
        active=frozenset({"running"}),
        completed=frozenset({"done"}),
        cancelled=frozenset(),
        failed=frozenset({"error"}),
    )
    audit = Audit(table="jobs", key="id", status="state")
    jobs: type[Jobs] = Jobs

    def prepare(self, database: Path) -> None:
        with closing(sqlite3.connect(database)) as connection:
            connection.execute("CREATE TABLE jobs (id INTEGER PRIMARY KEY, state TEXT)")
            connection.commit()

    def open(self, database: Path, work: Work) -> Jobs:
        return self.jobs(database, work)
