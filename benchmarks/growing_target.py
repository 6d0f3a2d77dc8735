"""A job runner that performs as many operations on SQLite as an environment variable says."""

from __future__ import annotations

import os
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

from runfaults.model import Vocabulary
from runfaults.targets.target import Audit, Work

OPERATIONS = "GROWING_OPERATIONS"


class Runner:
    """Writes a step after the other, each in a transaction of its own, then does the work."""

    def __init__(self, database: Path, work: Work) -> None:
        self._database, self._work = database, work
        self._threads: dict[int, threading.Thread] = {}

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self._database, isolation_level=None)

    def start(self) -> int:
        with closing(self._connect()) as connection:
            job = connection.execute("INSERT INTO jobs (state) VALUES ('running')").lastrowid
        assert job is not None
        self._threads[job] = threading.Thread(target=self._run, args=(job,))
        self._threads[job].start()
        return job

    def _run(self, job: int) -> None:
        state = "done"
        try:
            with closing(self._connect()) as connection:
                for number in range(int(os.environ[OPERATIONS])):
                    connection.execute("UPDATE jobs SET step = ? WHERE id = ?", (number, job))
                self._work(connection, job)
        except Exception:  # noqa: BLE001  # whatever it is, the job has failed
            state = "error"
        while not self._record(job, state):
            pass

    def _record(self, job: int, state: str) -> bool:
        try:
            with closing(self._connect()) as connection:
                connection.execute("UPDATE jobs SET state = ? WHERE id = ?", (state, job))
        except sqlite3.Error:
            return False
        return True

    def wait(self, run: int) -> None:
        self._threads[run].join()


class Growing:
    """The target around it."""

    name = "growing"
    vocabulary = Vocabulary(
        active=frozenset({"running"}),
        completed=frozenset({"done"}),
        cancelled=frozenset(),
        failed=frozenset({"error"}),
    )
    audit = Audit(table="jobs", key="id", status="state")

    def prepare(self, database: Path) -> None:
        with closing(sqlite3.connect(database)) as connection:
            connection.execute("CREATE TABLE jobs (id INTEGER PRIMARY KEY, state TEXT, step INT)")
            connection.commit()

    def open(self, database: Path, work: Work) -> Runner:
        return Runner(database, work)
