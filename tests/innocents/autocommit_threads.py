"""Autocommit, `BEGIN IMMEDIATE` written out, a thread for each run, a condition for who waits."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from owner_lock import OwnerLock

from runfaults.model import Vocabulary
from runfaults.targets.target import Audit, Work


class Stopped(Exception):  # noqa: N818 - what happened, not what went wrong
    """The work noticed that it was cancelled."""


class Runner:
    """One run at a time; whoever has the lock beside the database owns its rows."""

    def __init__(self, database: Path, work: Work) -> None:
        self._database = database
        self._work = work
        self._owner = OwnerLock(database)
        self._starting = threading.Lock()
        self._changed = threading.Condition()
        self._threads: dict[int, threading.Thread] = {}
        self._cancelled: set[int] = set()
        self._decided: set[int] = set()
        self._ended: dict[int, str] = {}
        self._closing = self._closed = False
        self._insist("UPDATE jobs SET state = 'lost' WHERE state = 'running'")

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self._database, isolation_level=None, timeout=1)

    def _connected(self) -> contextlib.AbstractContextManager[sqlite3.Connection]:
        return contextlib.closing(self._connect())

    def _insist(self, *statements: str, **values: object) -> Any:
        """Run the statements in a transaction until it is known to be done; the last row."""
        pause = 1.0
        while True:
            try:
                with self._connected() as connection:
                    connection.execute("BEGIN IMMEDIATE")
                    rows: list[Any] = []
                    for statement in statements:
                        rows = connection.execute(statement, values).fetchall()
                    connection.execute("COMMIT")
                    return rows[0] if rows else None
            except (sqlite3.Error, MemoryError):
                time.sleep(pause)
                pause = min(2 * pause, 900)

    def start(self) -> int:
        with self._starting:
            if self._closing:
                raise RuntimeError("closed")
            row = self._insist(
                "INSERT INTO jobs (token, state) SELECT :token, 'running' WHERE NOT EXISTS"
                " (SELECT 1 FROM jobs WHERE state = 'running' OR token = :token)",
                "SELECT id FROM jobs WHERE token = :token",
                token=uuid.uuid4().hex,
            )
            if row is None:
                raise RuntimeError("a job is running")
            thread = threading.Thread(target=self._run, args=row)
            self._threads[row[0]] = thread
            thread.start()
            return row[0]

    def _run(self, run: int) -> None:
        ending = self._perform(run)
        with self._changed:
            self._decided.add(run)
            outcome = "stopped" if run in self._cancelled else ending
        self._record(run, outcome)
        self._tell(run, outcome)

    def _record(self, run: int, outcome: str) -> None:
        self._insist(
            "UPDATE jobs SET state = :outcome WHERE id = :run AND state = 'running'",
            outcome=outcome,
            run=run,
        )

    def _tell(self, run: int, outcome: str) -> None:
        with self._changed:
            self._ended[run] = outcome
            self._changed.notify_all()

    def _perform(self, run: int) -> str:
        try:
            connection = self._connect()
        except (sqlite3.Error, MemoryError):
            return "failed"
        try:
            self._work(connection, run, lambda: run in self._cancelled, Stopped)
        except Stopped:
            return "stopped"
        except BaseException:  # noqa: BLE001 - whatever it is, it is how the work ended
            return "failed"
        else:
            return "done"
        finally:
            with contextlib.suppress(sqlite3.Error, MemoryError):
                connection.close()

    def cancel(self, run: int) -> bool:
        with self._changed:
            if run not in self._threads or run in self._decided:
                return False
            self._cancelled.add(run)
            return True

    def status(self, run: int) -> str | None:
        with contextlib.closing(self._connect()) as connection:
            row = connection.execute("SELECT state FROM jobs WHERE id = ?", (run,)).fetchone()
        return None if row is None else row[0]

    def subscribe(self, run: int) -> Callable[[], str | None]:
        told: list[str] = []

        def next_signal() -> str | None:
            with self._changed:
                self._changed.wait_for(lambda: self._closed or run in self._ended)
                if told or run not in self._ended:
                    return None
                told.append(self._ended[run])
                return told[0]

        return next_signal

    def wait(self, run: int) -> None:
        self._threads[run].join()

    def close(self) -> None:
        with self._starting:
            self._closing = True
        for thread in list(self._threads.values()):
            thread.join()
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._owner.release()


class Innocent:
    name = "autocommit-threads"
    vocabulary = Vocabulary(
        active=frozenset({"running"}),
        completed=frozenset({"done"}),
        cancelled=frozenset({"stopped"}),
        failed=frozenset({"failed"}),
        interrupted=frozenset({"lost"}),
    )
    audit = Audit(table="jobs", key="id", status="state")
    runner: type[Runner] = Runner

    def prepare(self, database: Path) -> None:
        with contextlib.closing(sqlite3.connect(database)) as connection:
            connection.execute(
                "CREATE TABLE jobs (id INTEGER PRIMARY KEY, token TEXT, state TEXT NOT NULL)"
            )

    def open(self, database: Path, work: Work) -> Runner:
        return self.runner(database, work)
