"""Texts as ids and numbers as statuses, told by triggers; one consumer takes runs from a queue."""

from __future__ import annotations

import contextlib
import enum
import queue
import sqlite3
import threading
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from owner_lock import OwnerLock

from runfaults.model import Vocabulary
from runfaults.targets.target import AuditScript, Work


class Status(enum.IntEnum):
    ACTIVE = 1
    SUCCESS = 2
    FAILURE = 3
    CANCELLED = 4
    UNKNOWN = 5


_WORDS = "CASE {} " + " ".join(f"WHEN {s.value} THEN '{s.name}'" for s in Status) + " END"

AUDIT = f"""
    CREATE TRIGGER runfaults_inserted AFTER INSERT ON task BEGIN
        INSERT INTO runfaults_audit (run, old, new)
        VALUES (NEW.rowid, NULL, {_WORDS.format("NEW.status")});
    END;
    CREATE TRIGGER runfaults_changed AFTER UPDATE OF status ON task BEGIN
        INSERT INTO runfaults_audit (run, old, new)
        VALUES (NEW.rowid, {_WORDS.format("OLD.status")}, {_WORDS.format("NEW.status")});
    END;
"""

SCHEMA = """
    CREATE TABLE task (id TEXT PRIMARY KEY, status INTEGER NOT NULL);
    CREATE TABLE event (task TEXT REFERENCES task DEFERRABLE INITIALLY DEFERRED, word TEXT);
    CREATE TRIGGER noted AFTER UPDATE OF status ON task WHEN NEW.status <> 1 BEGIN
        INSERT INTO event (task, word) VALUES (NEW.id, 'over');
    END;
"""

INSERT = """
    INSERT INTO task SELECT ?, 1 WHERE NOT EXISTS (
        SELECT 1 FROM task WHERE status = 1 OR id = ?
    )
"""


class Stop(Exception):  # noqa: N818 - what happened, not what went wrong
    """The work noticed that it was cancelled."""


class Consumer:
    """The decision, the cancel and the answers to who waits are under one lock."""

    def __init__(self, database: Path, work: Work) -> None:
        self._database = database
        self._work = work
        self._owner = OwnerLock(database)
        self._lock = threading.Lock()
        self._queue: queue.Queue[tuple[str, int] | None] = queue.Queue()
        self._stops: dict[int, threading.Event] = {}
        self._over: dict[int, threading.Event] = {}
        self._results: dict[int, str] = {}
        self._closed = False
        self._put(
            ("UPDATE task SET status = ? WHERE status = ?", (Status.UNKNOWN, Status.ACTIVE)),
        )
        self._thread = threading.Thread(target=self._consume)
        self._thread.start()

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._database, timeout=1, detect_types=sqlite3.PARSE_DECLTYPES
        )
        connection.execute("PRAGMA foreign_keys = ON")
        return connection

    def _put(self, *statements: tuple[str, tuple[object, ...]]) -> list[Any]:
        """All statements in one transaction, however often that takes."""
        nap = threading.Event()
        while True:
            with (
                contextlib.suppress(sqlite3.Error, MemoryError),
                contextlib.closing(self._connect()) as connection,
                connection,
            ):
                return [connection.execute(*each).fetchall() for each in statements]
            nap.wait(30)

    def start(self) -> int:
        with self._lock:
            if self._closed:
                raise RuntimeError("no more runs")
            identity = str(uuid.uuid4())
            _, rows = self._put(
                (INSERT, (identity, identity)),
                ("SELECT rowid FROM task WHERE id = ?", (identity,)),
            )
            if not rows:
                raise RuntimeError("a run is active")
            ((number,),) = rows
            self._stops[number] = threading.Event()
            self._over[number] = threading.Event()
            self._queue.put((identity, number))
            return number

    def _consume(self) -> None:
        while (item := self._queue.get()) is not None:
            identity, number = item
            status = self._perform(identity, number)
            with self._lock:
                if self._stops.pop(number).is_set():
                    status = Status.CANCELLED
            self._put(
                (
                    "UPDATE task SET status = ? WHERE id = ? AND status = ?",
                    (status, identity, Status.ACTIVE),
                ),
            )
            self._results[number] = status.name
            self._over[number].set()

    def _perform(self, identity: str, number: int) -> Status:
        stop = self._stops[number]
        connection = None
        try:
            connection = self._connect()
            self._work(connection, number, stop.is_set, Stop)
            if connection.in_transaction:
                connection.execute("INSERT INTO event VALUES (?, 'done')", (identity,))
            connection.commit()
            return Status.SUCCESS
        except Stop:
            return Status.CANCELLED
        except BaseException:  # noqa: BLE001 - whatever it is, it is how the work ended
            self._close(connection)
            return Status.SUCCESS if self._is_done(identity) else Status.FAILURE
        finally:
            self._close(connection)

    def _is_done(self, identity: str) -> bool:
        """A COMMIT that raises may have taken effect: then its row is there."""
        ((rows),) = self._put(
            ("SELECT word FROM event WHERE task = ? AND word = 'done'", (identity,))
        )
        return bool(rows)

    @staticmethod
    def _close(connection: sqlite3.Connection | None) -> None:
        if connection is not None:
            with contextlib.suppress(sqlite3.Error, MemoryError):
                connection.close()

    def cancel(self, run: int) -> bool:
        with self._lock:
            stop = self._stops.get(run)
            if stop is not None:
                stop.set()
            return stop is not None

    def status(self, run: int) -> str | None:
        with contextlib.closing(self._connect()) as connection:
            row = connection.execute("SELECT status FROM task WHERE rowid = ?", (run,)).fetchone()
        return row and Status(row[0]).name

    def subscribe(self, run: int) -> Callable[[], str | None]:
        with self._lock:
            over = self._over.get(run)
        said: list[str] = []

        def next_signal() -> str | None:
            if over is None or said:
                return None
            over.wait()
            said.append(self._results[run])
            return said[0]

        return next_signal

    def wait(self, run: int) -> None:
        self._over[run].wait()

    def close(self) -> None:
        with self._lock:
            self._closed = True
            self._queue.put(None)
        self._thread.join()
        self._owner.release()


class Innocent:
    name = "text-ids"
    vocabulary = Vocabulary(
        active=frozenset({"ACTIVE"}),
        completed=frozenset({"SUCCESS"}),
        cancelled=frozenset({"CANCELLED"}),
        failed=frozenset({"FAILURE"}),
        interrupted=frozenset({"UNKNOWN"}),
    )
    audit = AuditScript(AUDIT)
    runner: type[Consumer] = Consumer

    def prepare(self, database: Path) -> None:
        with contextlib.closing(sqlite3.connect(database)) as connection:
            connection.executescript(SCHEMA)

    def open(self, database: Path, work: Work) -> Consumer:
        return self.runner(database, work)
