"""A right runner that tries again every tenth of a second, for as long as it takes."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from runfaults.model import Vocabulary
from runfaults.targets.target import Audit, Work


class Jobs:
    def __init__(self, database: Path, work: Work) -> None:
        self.database, self.work = database, work
        self.threads: dict[int, threading.Thread] = {}

    def patiently(self, do: Callable[[sqlite3.Connection], int]) -> int:
        while True:
            try:
                with closing(sqlite3.connect(self.database)) as connection, connection:
                    return do(connection)
            except (sqlite3.Error, MemoryError):
                time.sleep(0.1)

    def start(self) -> int:
        job = len(self.threads) + 1
        insert = "INSERT OR IGNORE INTO jobs VALUES (?, 'running')"
        self.patiently(lambda connection: connection.execute(insert, (job,)).rowcount)
        self.threads[job] = threading.Thread(target=self.run, args=(job,))
        self.threads[job].start()
        return job

    def run(self, job: int) -> None:
        try:
            self.work(None, job)
            state = "done"
        except BaseException:  # noqa: BLE001  # whatever ends it
            state = "error"
        end = "UPDATE jobs SET state = ? WHERE id = ?"
        self.patiently(lambda connection: connection.execute(end, (state, job)).rowcount)

    def wait(self, run: int) -> None:
        self.threads[run].join()

    def close(self) -> None:
        """Nothing is held."""


class Target:
    name = "patient"
    vocabulary = Vocabulary(
        active=frozenset({"running"}),
        completed=frozenset({"done"}),
        cancelled=frozenset(),
        failed=frozenset({"error"}),
    )
    audit = Audit("jobs", "id", "state")
    exempt = {"one-active-run": "jobs run side by side"}  # noqa: RUF012  # as adapters are written

    def prepare(self, database: Path) -> None:
        with closing(sqlite3.connect(database)) as connection:
            connection.execute("CREATE TABLE jobs (id INTEGER PRIMARY KEY, state TEXT)")

    def open(self, database: Path, work: Work) -> Jobs:
        return Jobs(database, work)
