"""Several workers on one table: each claims a job in one statement."""

from __future__ import annotations

import sqlite3
import threading
import time
from contextlib import closing, suppress
from pathlib import Path

from runfaults.targets import Adapter, Audit, Vocabulary, Work

CLAIM = """
    UPDATE jobs SET state = 'running' WHERE id = (SELECT min(id) FROM jobs WHERE state = 'queued')
    RETURNING id
"""


def worker(database: Path, work: Work) -> None:
    while True:
        with suppress(sqlite3.Error), closing(sqlite3.connect(database)) as connection:
            claimed = connection.execute(CLAIM).fetchall()
            connection.commit()
            for (job,) in claimed:
                state = outcome(work, connection, job)
                connection.execute("UPDATE jobs SET state = ? WHERE id = ?", (state, job))
                connection.commit()
        time.sleep(2.0)


def outcome(work: Work, connection: sqlite3.Connection | None, job: object) -> str:
    try:
        work(connection, job)
    except BaseException:  # noqa: BLE001 - SystemExit too: it would end the worker
        if connection is not None:
            connection.rollback()
        return "error"
    return "done"


class Workers(Adapter):
    schema = "CREATE TABLE jobs (id INTEGER PRIMARY KEY, state TEXT DEFAULT 'queued')"
    audit = Audit("jobs", key="id", status="state")
    vocabulary = Vocabulary.of(("queued", "running"), "done", "error")
    exempt = {"one-active-run": "jobs run side by side"}  # noqa: RUF012

    def begin(self, database: Path, work: Work) -> None:
        self.database = database
        for _ in range(2):
            threading.Thread(target=worker, args=(database, work)).start()

    def start(self) -> int | None:
        with closing(sqlite3.connect(self.database)) as connection, connection:
            return connection.execute("INSERT INTO jobs DEFAULT VALUES").lastrowid
