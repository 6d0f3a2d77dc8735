"""Retries with backoff: a row for each attempt; one that is followed by another is no failure."""

from __future__ import annotations

import sqlite3
import threading
import time
import uuid
from contextlib import closing
from pathlib import Path

from workers import outcome

from runfaults.targets import Adapter, Audit, Vocabulary, Work

TRIES = 3


class Retries(Adapter):
    schema = "CREATE TABLE tries (job TEXT, number INTEGER, state TEXT)"
    audit = Audit(
        "tries",
        key="job",
        status=f"iif(state = 'error' AND number < {TRIES}, 'to be retried', state)",
    )
    vocabulary = Vocabulary.of(("running", "to be retried"), "done", "error")
    exempt = {  # noqa: RUF012
        "one-active-run": "jobs run side by side",
        "work-done-once": "a job that failed is done again",
    }

    def begin(self, database: Path, work: Work) -> None:
        self.database, self.work = database, work

    def start(self) -> str:
        job = str(uuid.uuid4())
        threading.Thread(target=self.run, args=(job,)).start()
        return job

    def run(self, job: str) -> None:
        for number in range(1, TRIES + 1):
            if self.attempt(job, number) == "done":
                return
            time.sleep(2.0**number)

    def attempt(self, job: str, number: int) -> str:
        with closing(sqlite3.connect(self.database)) as connection:
            connection.execute("INSERT INTO tries VALUES (?, ?, 'running')", (job, number))
            connection.commit()
            state = outcome(self.work, connection, job)
            sql = "UPDATE tries SET state = ? WHERE job = ? AND number = ?"
            connection.execute(sql, (state, job, number))
            connection.commit()
        return state
