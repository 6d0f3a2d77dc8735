"""A `ThreadPoolExecutor`, WAL, a connection for each thread; futures to cancel and wait for."""

from __future__ import annotations

import contextlib
import queue
import sqlite3
import threading
import time
from collections.abc import Callable, Generator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import certain_commit
from owner_lock import OwnerLock

from runfaults.model import Vocabulary
from runfaults.targets.target import Audit, Work


class CancelledError(Exception):
    """What the work raises when it notices."""


class Connections(threading.local):
    """The connection of each thread that asks for one."""

    def __init__(self, database: Path, opened: dict[threading.Thread, sqlite3.Connection]) -> None:
        self._database = database
        self._opened = opened
        self._mine: sqlite3.Connection | None = None

    def mine(self) -> sqlite3.Connection:
        if self._mine is None:
            self._mine = sqlite3.connect(self._database, timeout=3, check_same_thread=False)
            self._opened[threading.current_thread()] = self._mine
            self._mine.execute("PRAGMA synchronous = FULL")
        return self._mine

    def discard(self) -> None:
        """Close this thread's: after an error the next use begins with a new one."""
        connection, self._mine = self._mine, None
        if connection is not None:
            with contextlib.suppress(sqlite3.Error, MemoryError):
                connection.close()
            del self._opened[threading.current_thread()]


class Pool:
    """Two workers: jobs run side by side."""

    def __init__(self, database: Path, work: Work) -> None:
        self._work = work
        self._database = database
        self._owner = OwnerLock(database)
        self._opened: dict[threading.Thread, sqlite3.Connection] = {}
        self._cancelling = threading.Lock()
        self._connections = Connections(database, self._opened)
        self._lock = threading.Lock()
        self._futures: dict[int, Future[None]] = {}
        self._flags: dict[int, threading.Event] = {}
        self._outcomes: dict[int, str] = {}
        self._inboxes: dict[int, list[queue.Queue[str | None]]] = {}
        self._closed = self._over = False
        self._persist("UPDATE job SET status = 'interrupted' WHERE status IN ('waiting', 'busy')")
        self._connections.discard()
        self._executor = ThreadPoolExecutor(2, thread_name_prefix="pool")

    @contextlib.contextmanager
    def _used(self) -> Generator[sqlite3.Connection]:
        """This thread's connection; a new one next time if anything goes wrong."""
        try:
            connection = self._connections.mine()
            yield connection
        except BaseException:
            self._connections.discard()
            raise

    def _write(self, sql: str, *values: object) -> int:
        with self._used() as connection:
            connection.execute("BEGIN IMMEDIATE")
            changed = connection.execute(sql, values)
            connection.commit()
            return changed.lastrowid or 0

    def _persist(self, sql: str, *values: object) -> None:
        for attempt in range(1_000_000):
            with contextlib.suppress(sqlite3.Error, MemoryError):
                self._write(sql, *values)
                return
            time.sleep(min(2**attempt, 300))

    def start(self) -> int:
        """Insert the row and submit it; if it is not known whether it is there, take it back."""
        with self._lock:
            if self._closed:
                raise RuntimeError("the pool was shut down")
            try:
                number = self._write("INSERT INTO job (status) VALUES ('waiting')")
            except BaseException:
                known = ", ".join(str(each) for each in [0, *self._futures])
                self._persist(f"DELETE FROM job WHERE status = 'waiting' AND id NOT IN ({known})")
                raise
            finally:
                self._connections.discard()
            self._flags[number] = threading.Event()
            self._futures[number] = self._executor.submit(self._do, number)
            return number

    def _do(self, number: int) -> None:
        flag = self._flags[number]
        self._persist("UPDATE job SET status = 'busy' WHERE id = ? AND status = 'waiting'", number)
        try:
            outcome = self._perform(number, flag)
        except CancelledError:
            outcome = "cancelled"
        except BaseException:  # noqa: BLE001 - whatever it is, it is how the work ended
            outcome = "error"
        self._settle(number, outcome)

    def _perform(self, number: int, flag: threading.Event) -> str:
        with self._used() as connection:
            self._work(connection, number, flag.is_set, CancelledError)
            if connection.in_transaction:
                certain_commit.commit(connection, self._database, number)
        return "finished"

    def _settle(self, number: int, outcome: str) -> None:
        """Decide, record, tell: in that order."""
        with self._lock:
            if self._flags[number].is_set():
                outcome = "cancelled"
            self._flags.pop(number)
        self._persist(
            "UPDATE job SET status = ? WHERE id = ? AND status IN ('waiting', 'busy')",
            outcome,
            number,
        )
        with self._lock:
            self._outcomes[number] = outcome
            for inbox in self._inboxes.pop(number, []):
                inbox.put(outcome)
                inbox.put(None)

    def cancel(self, run: int) -> bool:
        with self._cancelling:
            with self._lock:
                future, flag = self._futures.get(run), self._flags.get(run)
                if future is None or flag is None:
                    return False
                flag.set()
                never_begun = future.cancel()
            if never_begun:
                self._settle(run, "cancelled")
                self._connections.discard()
            return True

    def status(self, run: int) -> str | None:
        try:
            with self._used() as connection:
                found = connection.execute("SELECT status FROM job WHERE id = ?", (run,)).fetchone()
        finally:
            self._connections.discard()
        return found[0] if found else None

    def subscribe(self, run: int) -> Callable[[], str | None]:
        inbox: queue.Queue[str | None] = queue.Queue()
        with self._lock:
            if run in self._outcomes:
                inbox.put(self._outcomes[run])
                inbox.put(None)
            elif self._over:
                inbox.put(None)
            else:
                self._inboxes.setdefault(run, []).append(inbox)
        return inbox.get

    def wait(self, run: int) -> None:
        with contextlib.suppress(BaseException):
            self._futures[run].result()
        with self._cancelling:
            pass  # who cancels a run that never began records that

    def close(self) -> None:
        with self._lock:
            self._closed = True
        self._executor.shutdown(wait=True)
        with self._cancelling, self._lock:
            self._over = True
            left = [inbox for inboxes in self._inboxes.values() for inbox in inboxes]
            self._inboxes.clear()
        for inbox in left:
            inbox.put(None)
        for thread, connection in list(self._opened.items()):
            if not thread.is_alive():
                with contextlib.suppress(sqlite3.Error, MemoryError):
                    connection.close()
        self._owner.release()


class Innocent:
    name = "pooled-wal"
    vocabulary = Vocabulary(
        active=frozenset({"waiting", "busy"}),
        completed=frozenset({"finished"}),
        cancelled=frozenset({"cancelled"}),
        failed=frozenset({"error"}),
        interrupted=frozenset({"interrupted"}),
    )
    audit = Audit(table="job", key="id", status="status")
    exempt = {"one-active-run": "the pool has two workers"}  # noqa: RUF012 - as adapters are written
    runner: type[Pool] = Pool

    def prepare(self, database: Path) -> None:
        with contextlib.closing(sqlite3.connect(database)) as connection:
            connection.execute("PRAGMA journal_mode = wal")
            connection.execute(certain_commit.SCHEMA)
            connection.execute(
                "CREATE TABLE job (id INTEGER PRIMARY KEY AUTOINCREMENT, status TEXT NOT NULL)"
            )

    def open(self, database: Path, work: Work) -> Pool:
        return self.runner(database, work)
