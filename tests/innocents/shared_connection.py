"""One connection that all threads share under a lock; `with connection`, savepoints, callbacks."""

from __future__ import annotations

import contextlib
import logging
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from queue import Queue
from typing import TypeVar

from owner_lock import OwnerLock

from runfaults.model import Vocabulary
from runfaults.targets.target import Audit, Work

LOG = logging.getLogger(__name__)

Result = TypeVar("Result")


class Store:
    """The one connection; a broken one is replaced."""

    def __init__(self, database: Path) -> None:
        self._database = database
        self._lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        self._closed = False

    def do(self, action: Callable[[sqlite3.Connection], Result]) -> Result:
        """Do it in a transaction.

        Raises:
            sqlite3.Error: it is not known whether it is done.
        """
        with self._lock:
            if self._closed:
                raise RuntimeError("the store is closed")
            try:
                if self._connection is None:
                    self._connection = sqlite3.connect(
                        self._database, timeout=0.5, check_same_thread=False
                    )
                with self._connection:
                    self._connection.execute("BEGIN")
                    return action(self._connection)
            except (sqlite3.Error, MemoryError):
                self._drop()
                raise

    def insist(self, action: Callable[[sqlite3.Connection], Result]) -> Result:
        """Do it again and again, letting go of the lock in between."""
        pause = threading.Event()
        while True:
            try:
                return self.do(action)
            except (sqlite3.Error, MemoryError) as error:
                LOG.warning("%s; once more in a while", error)
            pause.wait(20)

    def close(self) -> None:
        with self._lock:
            self._closed = True
            self._drop()

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(sqlite3.Error, MemoryError):
                connection.close()


class Jobs:
    """Who wants a run cancelled says so in its row, at once."""

    def __init__(self, database: Path, work: Work) -> None:
        self._work = work
        self._owner = OwnerLock(database)
        self._store = Store(database)
        self._lock = threading.Lock()
        self._threads: dict[int, threading.Thread] = {}
        self._listeners: dict[int, list[Callable[[str | None], None]]] = {}
        self._told: dict[int, str] = {}
        self._open, self._over = True, False
        self._store.insist(self._recover)

    @staticmethod
    def _recover(connection: sqlite3.Connection) -> None:
        connection.execute("UPDATE run SET status = 'orphaned' WHERE status = 'active'")

    def start(self) -> int:
        with self._lock:
            if not self._open:
                raise RuntimeError("closed")
            number = self._begin()
            self._threads[number] = threading.Thread(target=self._live, args=(number,))
            self._threads[number].start()
            return number

    def _begin(self) -> int:
        """The number is chosen before, so that it can be asked whether its row is there."""
        number = self._store.do(
            lambda c: c.execute("SELECT coalesce(max(id), 0) + 1 FROM run").fetchone()[0]
        )

        def insert(connection: sqlite3.Connection) -> bool:
            there = connection.execute("SELECT id FROM run WHERE id = ?", (number,)).fetchall()
            active = connection.execute("SELECT id FROM run WHERE status = 'active'").fetchall()
            if not there and not active:
                connection.execute("SAVEPOINT row")
                connection.execute("INSERT INTO run (id, status) VALUES (?, 'active')", (number,))
                connection.execute("RELEASE row")
            return bool(there) or not active  # it may be there, and cancelled meanwhile

        if not self._store.insist(insert):
            raise RuntimeError("a run is active")
        return number

    def _live(self, number: int) -> None:
        try:
            if self._store.insist(lambda connection: self._status(connection, number)) == "active":
                self._work(
                    None, number, lambda: self.status(number) == "cancelled", InterruptedError
                )
            outcome = "completed"
        except InterruptedError:
            outcome = "cancelled"
        except BaseException:  # noqa: BLE001 - whatever it is, it is how the work ended
            outcome = "failed"
        status = self._store.insist(lambda connection: self._end(connection, number, outcome))
        with self._lock:
            self._told[number] = status
            listeners = self._listeners.pop(number, [])
        for listener in listeners:
            listener(status)
            listener(None)

    @staticmethod
    def _end(connection: sqlite3.Connection, number: int, outcome: str) -> str:
        connection.execute(
            "UPDATE run SET status = ? WHERE id = ? AND status = 'active'", (outcome, number)
        )
        return Jobs._status(connection, number)

    @staticmethod
    def _status(connection: sqlite3.Connection, number: int) -> str:
        return connection.execute("SELECT status FROM run WHERE id = ?", (number,)).fetchone()[0]

    def cancel(self, run: int) -> bool:
        """Accepted if this very statement ended the run, by the row's word."""
        return self._store.do(
            lambda connection: (
                connection.execute(
                    "UPDATE run SET status = 'cancelled' WHERE id = ? AND status = 'active'", (run,)
                ).rowcount
                > 0
            )
        )

    def status(self, run: int) -> str | None:
        row = self._store.do(
            lambda c: c.execute("SELECT status FROM run WHERE id = ?", (run,)).fetchone()
        )
        return None if row is None else row[0]

    def subscribe(self, run: int) -> Callable[[], str | None]:
        inbox: Queue[str | None] = Queue()
        with self._lock:
            if run in self._told or self._over:
                if run in self._told:
                    inbox.put(self._told[run])
                inbox.put(None)
            else:
                self._listeners.setdefault(run, []).append(inbox.put)
        return inbox.get

    def wait(self, run: int) -> None:
        self._threads[run].join()

    def close(self) -> None:
        with self._lock:
            self._open = False
        for thread in self._threads.values():
            thread.join()
        with self._lock:
            self._over = True
            left = [each for listeners in self._listeners.values() for each in listeners]
            self._listeners.clear()
        for listener in left:
            listener(None)
        self._store.close()
        self._owner.release()


class Innocent:
    name = "shared-connection"
    vocabulary = Vocabulary(
        active=frozenset({"active"}),
        completed=frozenset({"completed"}),
        cancelled=frozenset({"cancelled"}),
        failed=frozenset({"failed"}),
        interrupted=frozenset({"orphaned"}),
    )
    audit = Audit(table="run", key="id", status="status")
    runner: type[Jobs] = Jobs

    def prepare(self, database: Path) -> None:
        connection = sqlite3.connect(database)
        with connection:
            connection.execute("CREATE TABLE run (id INTEGER PRIMARY KEY, status TEXT NOT NULL)")
        connection.close()

    def open(self, database: Path, work: Work) -> Jobs:
        return self.runner(database, work)
