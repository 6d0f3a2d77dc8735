"""A job with a timeout: a watcher cancels it, and the work sees that at its next look."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

from runfaults.targets import Adapter, Audit, Vocabulary, Work


class TimedOutError(Exception):
    """The work noticed that its time was over."""


class Timeout(Adapter):
    schema = "CREATE TABLE jobs (id INTEGER PRIMARY KEY, state TEXT)"
    audit = Audit("jobs", key="id", status="state")
    vocabulary = Vocabulary.of("running", "done", "error", cancelled="timed out")
    exempt = {  # noqa: RUF012
        "one-active-run": "jobs run side by side",
        "cancelled-has-a-cause": "the cause is its timeout",
    }

    def begin(self, database: Path, work: Work) -> None:
        self.database, self.work = database, work

    def start(self) -> int | None:
        with closing(sqlite3.connect(self.database)) as connection, connection:
            sql = "INSERT INTO jobs (state) VALUES ('running')"
            job = connection.execute(sql).lastrowid
        threading.Thread(target=self.run, args=(job,)).start()
        return job

    def run(self, job: int) -> None:
        over = threading.Event()
        timer = threading.Timer(600.0, over.set)
        timer.start()
        state = self.outcome(job, over)
        timer.cancel()
        with closing(sqlite3.connect(self.database)) as connection, connection:
            connection.execute("UPDATE jobs SET state = ? WHERE id = ?", (state, job))

    def outcome(self, job: int, over: threading.Event) -> str:
        try:
            self.work(None, job, over.is_set, TimedOutError)
        except TimedOutError:
            return "timed out"
        except Exception:  # noqa: BLE001 - however it failed
            return "error"
        return "done"
