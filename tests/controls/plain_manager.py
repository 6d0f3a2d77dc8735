"""A small job manager that is right: the innocent twin of every planted bug.

Each bug overrides one step of it and shows exactly the mistake. It has no logging and no
configuration: an attempt at the database that fails is repeated until it succeeds. The work is
expected to commit what it did: what it leaves uncommitted is committed once, and a fault that
strikes just there counts as the work's own.
"""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from queue import Queue
from threading import Event, Lock, Thread
from typing import TypeVar
from uuid import uuid4

from genglossary.db.connection import (
    database_connection,
    get_connection,
    immediate_transaction,
    transaction,
)
from genglossary.db.runs_repository import cancel_run, get_run
from genglossary.db.schema import initialize_db
from runfaults.model import Vocabulary
from runfaults.targets.target import Audit, Work

PAUSE = 5.0
"""Seconds between the first two attempts at the database; doubled for each further one."""

LONGEST_PAUSE = 3600.0

ACTIVE_STATUSES = ("pending", "running")
ACTIVE = "status IN ('pending', 'running')"

Result = TypeVar("Result")


class Cancelled(Exception):  # noqa: N818  # it is no error
    """What the work raises to say that it noticed the cancel."""


@dataclass(eq=False)
class Job:
    """A run of this manager: what a cancel and the decision share."""

    id: int
    cancel: Event = field(default_factory=Event)
    decided: bool = False


class PlainManager:
    """Runs jobs one at a time, each on its own thread."""

    def __init__(self, database: Path, work: Work) -> None:
        self.database = str(database)
        self.work = work
        self.lock = Lock()
        self.starting = Lock()
        self.job: Job | None = None
        self.threads: dict[int, Thread] = {}
        self.subscribers: dict[int, list[Queue[str | None]]] = {}
        self.endings: dict[int, str] = {}
        self.closed = False

    # --- what the harness asks for ---------------------------------------------------------------

    def start(self) -> int:
        with self.starting:
            if self.closed:
                raise RuntimeError("this manager is closed")
            return self.launch(self.insert())

    def wait(self, run: int) -> None:
        if run in self.threads:
            self.threads[run].join()

    def close(self) -> None:
        with self.starting, self.lock:
            self.closed = True
        for thread in self.threads.values():
            thread.join()
        for run in list(self.subscribers):
            for queue in self.take_subscribers(run):
                queue.put(None)

    def cancel(self, run: int) -> bool:
        with self.lock:
            job = self.job
            if job is None or job.id != run or job.decided:
                return False
            job.cancel.set()
            return True

    def cancel_in_database(self, run: int) -> None:
        with database_connection(self.database) as connection, transaction(connection):
            cancel_run(connection, run)

    def status(self, run: int) -> str | None:
        with database_connection(self.database) as connection:
            row = get_run(connection, run)
        return None if row is None else row["status"]

    def subscribe(self, run: int) -> Callable[[], str | None]:
        queue: Queue[str | None] = Queue()
        with self.lock:
            if run in self.endings:
                queue.put(self.endings[run])
                queue.put(None)
            elif self.closed and run not in self.threads:
                queue.put(None)  # somebody else's run: nothing will be heard of it here
            else:
                self.subscribers.setdefault(run, []).append(queue)
        return queue.get

    def leaks(self) -> Iterable[tuple[str, str]]:
        for run in self.subscribers:
            yield "subscriber", f"run {run}"

    # --- starting --------------------------------------------------------------------------------

    def insert(self) -> Job:
        """Insert the row, as often as it takes; the token tells whether it is there already."""
        token = str(uuid4())

        def once(connection: sqlite3.Connection) -> Job:
            connection.execute(
                "INSERT INTO runs (scope, status, triggered_by, created_at)"
                f" SELECT 'full', 'pending', ?, 'now' WHERE NOT EXISTS"
                f" (SELECT 1 FROM runs WHERE {ACTIVE} OR triggered_by = ?)",
                (token, token),
            )
            row = connection.execute(
                "SELECT id FROM runs WHERE triggered_by = ?", (token,)
            ).fetchone()
            if row is None:
                raise RuntimeError("a run is active already")
            return self.known(row["id"])

        return self.insist(once)

    def known(self, run: int) -> Job:
        """The job of that id: known here before its row can be seen, so no cancel is too early."""
        with self.lock:
            if self.job is None or self.job.id != run:
                self.job = Job(run)
            return self.job

    def launch(self, job: Job) -> int:
        thread = Thread(target=self.live, args=(job,))
        thread.start()
        self.threads[job.id] = thread
        return job.id

    # --- the steps of a run ----------------------------------------------------------------------

    def live(self, job: Job) -> None:
        """The whole life of a run, on its own thread."""
        self.conclude(job, self.perform(job))

    def perform(self, job: Job) -> str:
        """Begin and do the work; how it ended is known from the work alone."""
        if job.cancel.is_set() or not self.begin(job):
            return "cancelled"
        try:
            with database_connection(self.database) as connection:
                ending = self.work_on(job, connection)
                if ending == "completed" and connection.in_transaction:
                    connection.commit()
                return ending
        except (sqlite3.Error, MemoryError):
            return "failed"

    def begin(self, job: Job) -> bool:
        """Write `running`; False if somebody ended the row before."""

        def once(connection: sqlite3.Connection) -> bool:
            connection.execute(
                "UPDATE runs SET status = 'running' WHERE id = ? AND status = 'pending'", (job.id,)
            )
            row = get_run(connection, job.id)
            return row is not None and row["status"] == "running"

        return self.insist(once)

    def work_on(self, job: Job, connection: sqlite3.Connection) -> str:
        try:
            self.do(job, connection)
        except Cancelled:
            return "cancelled"
        except BaseException:  # noqa: BLE001  # whatever it is, it is how the work ended
            return "failed"
        return "completed"

    def do(self, job: Job, connection: sqlite3.Connection) -> None:
        self.work(connection, job.id, job.cancel.is_set, Cancelled)

    def conclude(self, job: Job, ending: str) -> None:
        self.signal(job, self.record(job, self.decide(job, ending)))

    def decide(self, job: Job, ending: str) -> str:
        """Settle the outcome at one instant, under the lock that cancels take."""
        with self.lock:
            job.decided = True
            return "cancelled" if job.cancel.is_set() else ending

    def record(self, job: Job, outcome: str) -> str:
        """Get the outcome into the database; returns what is there then."""
        return self.insist(lambda connection: self.record_once(connection, job, outcome))

    def record_once(self, connection: sqlite3.Connection, job: Job, outcome: str) -> str:
        self.write(connection, job, outcome)
        row = get_run(connection, job.id)
        return outcome if row is None else row["status"]

    def write(self, connection: sqlite3.Connection, job: Job, outcome: str) -> None:
        connection.execute(
            f"UPDATE runs SET status = ? WHERE id = ? AND {ACTIVE}", (outcome, job.id)
        )

    def signal(self, job: Job, status: str) -> None:
        """Tell the subscribers, and whoever subscribes later."""
        with self.lock:
            self.endings[job.id] = status
            queues = self.take_subscribers(job.id)
        for queue in queues:
            queue.put(status)
            queue.put(None)

    def take_subscribers(self, run: int) -> list[Queue[str | None]]:
        return self.subscribers.pop(run, [])

    # --- the database ----------------------------------------------------------------------------

    def insist(self, action: Callable[[sqlite3.Connection], Result]) -> Result:
        """Do it in a transaction on a fresh connection, as often as it takes."""
        pause = PAUSE
        while True:
            with contextlib.suppress(sqlite3.Error, MemoryError):
                return self.attempt(action)
            time.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    def attempt(self, action: Callable[[sqlite3.Connection], Result]) -> Result:
        with database_connection(self.database) as connection, immediate_transaction(connection):
            return action(connection)


class PlainTarget:
    """How the harness gets at a manager of this family; a subclass names the manager."""

    vocabulary = Vocabulary(
        active=frozenset(ACTIVE_STATUSES),
        completed=frozenset({"completed"}),
        cancelled=frozenset({"cancelled"}),
        failed=frozenset({"failed"}),
        interrupted=frozenset({"interrupted"}),
    )
    audit = Audit(table="runs", key="id", status="status")
    manager: type[PlainManager] = PlainManager

    @property
    def name(self) -> str:
        return type(self).__name__

    def prepare(self, database: Path) -> None:
        with contextlib.closing(get_connection(database)) as connection:
            initialize_db(connection)

    def open(self, database: Path, work: Work) -> PlainManager:
        return self.manager(database, work)


class Plain(PlainTarget):
    """The manager itself."""
