"""A small manager that keeps the contract, made of steps that a control can get wrong."""

from __future__ import annotations

import fcntl
import os
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

from runfaults.model import Vocabulary
from runfaults.targets.target import Audit, Work

VOCABULARY = Vocabulary(
    active=frozenset({"active"}),
    completed=frozenset({"completed"}),
    cancelled=frozenset({"cancelled"}),
    failed=frozenset({"failed"}),
    interrupted=frozenset({"interrupted"}),
)


class Cancelled(Exception):  # noqa: N818 - what happened, not what went wrong
    """The work noticed that it was cancelled."""


class SmallManager:
    """One run at a time; the owner of the lock beside the database may write its active row."""

    def __init__(self, database: Path, work: Work) -> None:
        self.database = database
        self._work = work
        self._lock = -1
        self._cancelled = threading.Event()
        self._decided = False
        self._deciding = threading.Lock()
        self._thread: threading.Thread | None = None
        self.recover()

    def recover(self) -> None:
        if self.own():
            try:
                self.write("UPDATE jobs SET status = 'interrupted' WHERE status = 'active'")
            finally:
                self.disown()

    def own(self) -> bool:
        lock = os.open(f"{self.database}.lock", os.O_RDWR | os.O_CREAT)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(lock)
            return False
        self._lock = lock
        return True

    def disown(self) -> None:
        lock, self._lock = self._lock, -1
        os.close(lock)

    def connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self.database, check_same_thread=False)

    def write(self, sql: str, *parameters: object) -> int:
        connection = self.connect()
        try:
            row = connection.execute(sql, parameters).lastrowid
            connection.commit()
            return row or 0
        finally:
            connection.rollback()
            connection.close()

    def start(self) -> int:
        if not self.own():
            raise RuntimeError("a job is active")
        self.write("UPDATE jobs SET status = 'interrupted' WHERE status = 'active'")
        run = self.write("INSERT INTO jobs (status) VALUES ('active')")
        self._thread = threading.Thread(target=self.run, args=(run,))
        self._thread.start()
        return run

    def cancel(self, run: int) -> bool:
        with self._deciding:
            if not self._decided:
                self._cancelled.set()
            return not self._decided

    def run(self, run: int) -> None:
        connection = self.connect()
        try:
            self._work(connection, run, self._cancelled.is_set, Cancelled)
            status = "completed"
        except Cancelled:
            status = "cancelled"
        except BaseException:  # noqa: BLE001 - whatever it is, it is how the job ended
            status = "failed"
        with self._deciding:
            self._decided = True
            status = "cancelled" if self._cancelled.is_set() else status
        self.finish(connection, run, status)
        self.disown()

    def finish(self, connection: sqlite3.Connection, run: int, status: str) -> None:
        if status == "completed":
            connection.commit()
        connection.rollback()
        connection.close()
        self.record(run, status)

    def record(self, run: int, status: str) -> None:
        self.write("UPDATE jobs SET status = ? WHERE id = ? AND status = 'active'", status, run)

    def status(self, run: int) -> str | None:
        connection = self.connect()
        try:
            row = connection.execute("SELECT status FROM jobs WHERE id = ?", (run,)).fetchone()
        finally:
            connection.close()
        return None if row is None else row[0]

    def wait(self, run: int) -> None:
        if self._thread is not None:
            self._thread.join()

    def close(self) -> None:
        self.wait(0)


class SmallTarget:
    """A target of small managers."""

    name = "small"
    vocabulary = VOCABULARY
    audit = Audit(table="jobs", key="id", status="status")
    manager: Callable[[Path, Work], SmallManager] = SmallManager

    def prepare(self, database: Path) -> None:
        connection = sqlite3.connect(database)
        connection.execute("CREATE TABLE jobs (id INTEGER PRIMARY KEY, status TEXT NOT NULL)")
        connection.close()

    def open(self, database: Path, work: Work) -> SmallManager:
        return type(self).manager(database, work)
