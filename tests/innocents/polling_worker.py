"""One worker polls, claims by `UPDATE ... RETURNING`, stops on an event; rows ask for it all."""

from __future__ import annotations

import contextlib
import queue
import sqlite3
import threading
from collections.abc import Callable, Generator
from pathlib import Path

import certain_commit
from owner_lock import OwnerLock

from runfaults.model import Vocabulary
from runfaults.targets.target import Audit, Work

SCHEMA = """
    CREATE TABLE tasks (
        id INTEGER PRIMARY KEY,
        status TEXT NOT NULL DEFAULT 'queued',
        stop INTEGER NOT NULL DEFAULT 0,
        open INTEGER GENERATED ALWAYS AS (status IN ('queued', 'taken')) STORED
    );
    CREATE UNIQUE INDEX one_open ON tasks (open) WHERE open;
"""


class StopAsked(Exception):  # noqa: N818 - what happened, not what went wrong
    """The work saw the wish to stop it."""


class Worker:
    """Whatever is queued will be done: a start needs no more than its row."""

    def __init__(self, database: Path, work: Work) -> None:
        self._database = database
        self._work = work
        self._owner = OwnerLock(database)
        self._done = threading.Event()
        self._lock = threading.Lock()
        self._heard: dict[int, str] = {}
        self._listening: dict[int, list[queue.SimpleQueue[str | None]]] = {}
        self._over: dict[int, threading.Event] = {}
        self._closed = False
        while not self._try(self._recover):
            self._done.wait(5)
        self._thread = threading.Thread(target=self._poll, name="worker")
        self._thread.start()

    @contextlib.contextmanager
    def _transaction(self) -> Generator[sqlite3.Connection]:
        connection = sqlite3.connect(self._database, timeout=2, isolation_level="IMMEDIATE")
        try:
            connection.row_factory = sqlite3.Row
            with connection:
                yield connection
        finally:
            connection.close()

    def _try(self, action: Callable[[], None]) -> bool:
        try:
            action()
        except (sqlite3.Error, MemoryError):
            return False
        return True

    def _recover(self) -> None:
        with self._transaction() as connection:
            connection.execute(
                "UPDATE tasks SET status = 'abandoned' WHERE status IN ('queued', 'taken')"
            )

    # --- the worker ---------------------------------------------------------------------------

    def _poll(self) -> None:
        while not self._done.is_set():
            if not self._try(self._do_next):
                self._done.wait(3)
        while not self._try(self._do_next):  # what came in before the end
            threading.Event().wait(3)

    def _do_next(self) -> None:
        """Do the next task, if there is any; else wait a moment."""
        with self._transaction() as connection:
            claimed = connection.execute(
                "UPDATE tasks SET status = 'taken' WHERE id ="
                " (SELECT min(id) FROM tasks WHERE status IN ('queued', 'taken'))"
                " RETURNING id, stop"
            ).fetchall()
        if not claimed:
            self._done.wait(10)
            return
        (task,) = claimed
        self._finish(task["id"], "stopped" if task["stop"] else self._perform(task["id"]))

    def _perform(self, task: int) -> str:
        try:
            connection = sqlite3.connect(self._database, timeout=2)
        except (sqlite3.Error, MemoryError):
            return "failed"
        try:
            self._work(connection, task, lambda: self._is_stopping(task), StopAsked)
            if connection.in_transaction:
                certain_commit.commit(connection, self._database, task)
            return "ok"
        except StopAsked:
            return "stopped"
        except BaseException:  # noqa: BLE001 - whatever it is, it is how the work ended
            return "failed"
        finally:
            with contextlib.suppress(sqlite3.Error, MemoryError):
                connection.close()

    def _is_stopping(self, task: int) -> bool:
        with self._transaction() as connection:
            row = connection.execute("SELECT stop FROM tasks WHERE id = ?", (task,)).fetchone()
        return bool(row["stop"])

    def _finish(self, task: int, outcome: str) -> None:
        pause = 1
        while not self._try(lambda: self._record(task, outcome)):
            threading.Event().wait(pause)
            pause = min(pause * 2, 600)
        status = self._heard[task]
        with self._lock:
            listening = self._listening.pop(task, [])
            self._over.setdefault(task, threading.Event()).set()
        for each in listening:
            each.put(status)
            each.put(None)

    def _record(self, task: int, outcome: str) -> None:
        with self._transaction() as connection:
            connection.execute(
                "UPDATE tasks SET status = iif(stop, 'stopped', ?)"
                " WHERE id = ? AND status = 'taken'",
                (outcome, task),
            )
            row = connection.execute("SELECT status FROM tasks WHERE id = ?", (task,)).fetchone()
        self._heard[task] = row["status"]

    # --- what users ask for -------------------------------------------------------------------

    def start(self) -> int:
        if self._closed:
            raise RuntimeError("the worker was stopped")
        with self._lock, self._transaction() as connection:
            if self._closed:
                raise RuntimeError("the worker was stopped")
            number = connection.execute("INSERT INTO tasks DEFAULT VALUES").lastrowid
        assert number is not None
        return number

    def wait(self, run: int) -> None:
        with self._lock:
            over = self._over.setdefault(run, threading.Event())
        over.wait()

    def cancel(self, run: int) -> bool:
        with self._transaction() as connection:
            asked = connection.execute(
                "UPDATE tasks SET stop = 1 WHERE id = ? AND open", (run,)
            ).rowcount
        return asked == 1

    def status(self, run: int) -> str | None:
        with self._transaction() as connection:
            row = connection.execute("SELECT status FROM tasks WHERE id = ?", (run,)).fetchone()
        return None if row is None else row["status"]

    def subscribe(self, run: int) -> Callable[[], str | None]:
        inbox: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        with self._lock:
            over = self._over.get(run)
            if over is not None and over.is_set():
                inbox.put(self._heard[run])
                inbox.put(None)
            elif self._done.is_set() and not self._thread.is_alive():
                inbox.put(None)
            else:
                self._listening.setdefault(run, []).append(inbox)
        return inbox.get

    def close(self) -> None:
        with self._lock:
            self._closed = True
        self._done.set()
        self._thread.join()
        with self._lock:
            listening = [each for inboxes in self._listening.values() for each in inboxes]
            self._listening.clear()
        for each in listening:
            each.put(None)
        self._owner.release()


class Innocent:
    name = "polling-worker"
    vocabulary = Vocabulary(
        active=frozenset({"queued", "taken"}),
        completed=frozenset({"ok"}),
        cancelled=frozenset({"stopped"}),
        failed=frozenset({"failed"}),
        interrupted=frozenset({"abandoned"}),
    )
    audit = Audit(table="tasks", key="id", status="status")
    threads = {"worker": "worker"}  # noqa: RUF012 - as adapters are written
    runner: type[Worker] = Worker

    def prepare(self, database: Path) -> None:
        with contextlib.closing(sqlite3.connect(database)) as connection:
            connection.executescript(f"{SCHEMA}{certain_commit.SCHEMA};")

    def open(self, database: Path, work: Work) -> Worker:
        return self.runner(database, work)
