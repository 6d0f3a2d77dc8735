"""A recovery that puts orphans back into the queue, and does them again."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from runfaults.model import Vocabulary
from runfaults.targets.target import Audit, Work

CALL_INTERRUPTED = "UPDATE jobs SET state = 'interrupted' WHERE state IN ('queued', 'running')"
PUT_BACK = "UPDATE jobs SET state = 'queued' WHERE state = 'interrupted'"


class Jobs:
    def __init__(self, database: Path, work: Work) -> None:
        self.database, self.work = database, work
        self.threads: dict[int, threading.Thread] = {}
        with self.connected() as connection:
            self.recover(connection)
            found = connection.execute("SELECT id FROM jobs WHERE state = 'queued'").fetchall()
        for (job,) in found:
            self.spawn(job)

    def connected(self) -> closing[sqlite3.Connection]:
        return closing(sqlite3.connect(self.database, isolation_level=None))

    def patiently(self, do: Callable[[sqlite3.Connection], int]) -> int:
        while True:
            try:
                with self.connected() as connection:
                    return do(connection)
            except (sqlite3.Error, MemoryError):
                time.sleep(0.1)

    def recover(self, connection: sqlite3.Connection) -> None:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(CALL_INTERRUPTED)
        connection.execute(PUT_BACK)
        connection.execute("COMMIT")

    def spawn(self, job: int) -> None:
        self.threads[job] = threading.Thread(target=self.run, args=(job,))
        self.threads[job].start()

    def start(self) -> int:
        insert = "INSERT INTO jobs (state) VALUES ('queued') RETURNING id"
        job = self.patiently(lambda connection: connection.execute(insert).fetchone()[0])
        self.spawn(job)
        return job

    def run(self, job: int) -> None:
        claim = "UPDATE jobs SET state = 'running' WHERE id = ? AND state = 'queued'"
        if self.patiently(lambda connection: connection.execute(claim, (job,)).rowcount):
            self.do(job)

    def do(self, job: int) -> None:
        self.work(None, job)
        self.record(job)

    def record(self, job: int) -> None:
        end = "UPDATE jobs SET state = 'done' WHERE id = ? AND state = 'running'"
        self.patiently(lambda connection: connection.execute(end, (job,)).rowcount)

    def wait(self, run: int) -> None:
        self.threads[run].join()

    def close(self) -> None:
        for thread in list(self.threads.values()):
            if thread.ident is not None:
                thread.join()


class InTwoTransactions(Jobs):
    """A reader sees the job end, and be queued again."""

    def recover(self, connection: sqlite3.Connection) -> None:
        connection.execute(CALL_INTERRUPTED)
        connection.execute(PUT_BACK)


class WithoutWork(Jobs):
    """What is queued again is recorded as done at once."""

    def do(self, job: int) -> None:
        if len(self.threads) > 1 or not self.fresh:
            self.record(job)
        else:
            super().do(job)

    def recover(self, connection: sqlite3.Connection) -> None:
        super().recover(connection)
        self.fresh = not connection.execute("SELECT count(*) FROM jobs").fetchone()[0]


class Target:
    name = "requeues"
    vocabulary = Vocabulary(
        active=frozenset({"queued", "running"}),
        completed=frozenset({"done"}),
        cancelled=frozenset(),
        failed=frozenset(),
        interrupted=frozenset({"interrupted"}),
    )
    audit = Audit(table="jobs", key="id", status="state")
    exempt = {  # noqa: RUF012  # as adapters are written
        "one-active-run": "jobs run side by side",
        "orphan-is-interrupted-not-failed": "orphans are done again",
        "work-done-once": "orphans are done again",
    }
    jobs: type[Jobs] = Jobs

    def prepare(self, database: Path) -> None:
        with closing(sqlite3.connect(database)) as connection:
            connection.execute("CREATE TABLE jobs (id INTEGER PRIMARY KEY, state TEXT)")

    def open(self, database: Path, work: Work) -> Jobs:
        return self.jobs(database, work)


class Seen(Target):
    jobs = InTwoTransactions


class Unworked(Target):
    jobs = WithoutWork
