"""Small targets for the tests of strategies and determinism: planted bugs and innocent twins."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Iterable
from pathlib import Path

from runfaults.model import Vocabulary
from runfaults.targets.target import Audit, Work


class Uncancellable:
    """Runs its work in a thread and records the end on the run's own connection, once."""

    def __init__(self, database: Path, work: Work) -> None:
        self._database = database
        self._work = work
        self._thread: threading.Thread | None = None
        self._cancelled = threading.Event()

    def start(self) -> int:
        with contextlib.closing(sqlite3.connect(self._database)) as connection:
            connection.execute("INSERT INTO jobs (status) VALUES ('running')")
            connection.commit()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        return 1

    def wait(self, run: int) -> None:
        if self._thread is not None:
            self._thread.join()

    def close(self) -> None:
        pass

    def _run(self) -> None:
        with contextlib.closing(sqlite3.connect(self._database)) as connection:
            try:
                self._work(connection, 1, self._cancelled.is_set)
                self._record(connection, "cancelled" if self._cancelled.is_set() else "completed")
            except sqlite3.OperationalError:
                self._recover()

    def _record(self, connection: sqlite3.Connection, status: str) -> None:
        connection.execute("UPDATE jobs SET status = ?", (status,))
        connection.commit()

    def _recover(self) -> None:
        with contextlib.closing(sqlite3.connect(self._database)) as connection:
            self._record(connection, "failed")  # the bug: the work may have succeeded


class OneThread(Uncancellable):
    """The same, and its runs can be cancelled."""

    def cancel(self, run: int) -> bool:
        self._cancelled.set()
        return True


class Jobs:
    """A target over `OneThread`: a succeeded run whose record meets an error is called failed."""

    name = "jobs"
    vocabulary = Vocabulary(
        active=frozenset({"running"}),
        completed=frozenset({"completed"}),
        cancelled=frozenset({"cancelled"}),
        failed=frozenset({"failed"}),
    )
    audit = Audit(table="jobs", key="id", status="status")
    manager: type[Uncancellable] = OneThread

    def prepare(self, database: Path) -> None:
        with contextlib.closing(sqlite3.connect(database)) as connection:
            connection.execute("CREATE TABLE jobs (id INTEGER PRIMARY KEY, status TEXT)")
            connection.execute("CREATE TABLE log (line TEXT)")
            connection.commit()

    def open(self, database: Path, work: Work) -> Uncancellable:
        return self.manager(database, work)


class _Noting(OneThread):
    """Writes lines into a log, as text of the statement."""

    def lines(self) -> Iterable[str]:
        return [f"line {number}" for number in range(12)]

    def _record(self, connection: sqlite3.Connection, status: str) -> None:
        for line in self.lines():
            connection.execute(f"INSERT INTO log (line) VALUES ('{line}')")
        super()._record(connection, status)


class _Random(_Noting):
    def lines(self) -> Iterable[str]:
        with Path("/dev/urandom").open("rb") as device:  # no function that the harness controls
            return [device.read(8).hex()]


KEPT: list[object] = []
"""Alive as long as the process, so that no two have the same identity."""


class _Identity(_Noting):
    def lines(self) -> Iterable[str]:
        KEPT.append(object())
        return [str(id(KEPT[-1]))]


class _Unordered(_Noting):
    def lines(self) -> Iterable[str]:
        return set(super().lines())


class Ordered(Jobs):
    """The innocent twin of the next three."""

    manager = _Noting


class UsesRandomness(Jobs):
    manager = _Random


class UsesIdentity(Jobs):
    manager = _Identity


class UsesHashOrder(Jobs):
    manager = _Unordered


class NeverCancelled(Jobs):
    """A target that offers no cancel."""

    name = "never-cancelled"
    manager = Uncancellable
