"""Job runners that a second process meets: what they keep in memory, in files, in the database."""

from __future__ import annotations

import fcntl
import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path
from typing import IO

from jobs import Jobs

from runfaults.model import Vocabulary
from runfaults.targets.target import Audit, Work


class Registry:
    """What a process knows, in a class: a second manager of that process knows it too."""

    def __init__(self) -> None:
        self.active: set[int] = set()
        self.cancelled: set[int] = set()
        self.decided: set[int] = set()
        self.lock = threading.Lock()
        self.recovered = False


HERE = Registry()


class OneAtATime(Jobs):
    """Refuses a start while a job is active, so far as `is_active` can tell."""

    def start(self) -> int:
        if self.is_active():
            raise RuntimeError("a job is active")
        job = super().start()
        HERE.active.add(job)
        return job

    def is_active(self) -> bool:
        return bool(HERE.active)

    def record(self, connection: sqlite3.Connection, job: int, state: str) -> None:
        super().record(connection, job, state)
        HERE.active.discard(job)


class InMemory(OneAtATime):
    """The mistake: another process has another memory."""


class InDatabase(OneAtATime):
    """Innocent: looks at the database, and a unique index keeps two starts apart."""

    def is_active(self) -> bool:
        with closing(self.connect()) as connection:
            query = "SELECT 1 FROM jobs WHERE state = 'running'"
            return connection.execute(query).fetchone() is not None


class Locked(OneAtATime):
    """Innocent: a lock of the kernel, on a file beside the database."""

    lock: IO[str] | None = None

    def is_active(self) -> bool:
        lock = Path(f"{self.database}.lock").open("w")  # noqa: SIM115 - it is held
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            return True
        self.lock = lock
        return False

    def record(self, connection: sqlite3.Connection, job: int, state: str) -> None:
        super().record(connection, job, state)
        if self.lock is not None:
            self.lock.close()


class Waits(InDatabase):
    """Innocent: a start waits until nothing is active."""

    def start(self) -> int:
        while self.is_active():
            time.sleep(0.05)
        return super().start()


class Leases(InDatabase):
    """Innocent: takes a job over whose process has not been heard of for half a minute."""

    def start(self) -> int:
        for _ in range(30):
            if not self.is_active():
                break
            time.sleep(1)
        else:
            with closing(self.connect()) as connection:
                connection.execute("UPDATE jobs SET state = 'lost' WHERE state = 'running'")
                connection.commit()
        return super().start()


class Recovers(Jobs):
    """Records the jobs of a process that died, when it begins: once in a process."""

    def __init__(self, database: Path, work: Work) -> None:
        super().__init__(database, work)
        if not HERE.recovered:
            HERE.recovered = True
            self.recover()

    def recover(self) -> None:
        """The mistake: not each job that is running is one of a process that died."""
        with closing(self.connect()) as connection:
            connection.execute("UPDATE jobs SET state = 'lost' WHERE state = 'running'")
            connection.commit()


class RecoversTheDead(Recovers):
    """Innocent: the kernel says which process is alive."""

    def recover(self) -> None:
        self.alive = Path(f"{self.database}.alive").open("w")  # noqa: SIM115 - it is held
        try:
            fcntl.flock(self.alive, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        super().recover()

    def close(self) -> None:
        self.alive.close()


class Cancels(Jobs):
    """Remembers in memory which jobs are cancelled, and which are decided."""

    def cancel(self, run: int) -> bool:
        with HERE.lock:
            if not self.may_cancel(run):
                return False
            HERE.cancelled.add(run)
            return True

    def may_cancel(self, run: int) -> bool:
        """The mistake: what this process has not decided may be the job of another one."""
        return run not in HERE.decided

    def start(self) -> int:
        with HERE.lock:
            HERE.active.add(job := super().start())
            return job

    def record(self, connection: sqlite3.Connection, job: int, state: str) -> None:
        with HERE.lock:
            HERE.decided.add(job)
            state = "stopped" if job in HERE.cancelled else state
        super().record(connection, job, state)


class CancelsItsOwn(Cancels):
    """Innocent: refuses what is none of its own."""

    def may_cancel(self, run: int) -> bool:
        return run in HERE.active and super().may_cancel(run)


class RefusesOthers(CancelsItsOwn):
    """Innocent: says so by an error."""

    def cancel(self, run: int) -> bool:
        if run not in HERE.active | HERE.decided:
            raise LookupError("no job of this process")
        return super().cancel(run)


class Exclusive(InDatabase):
    """Innocent: no other process gets at the database."""

    def connect(self) -> sqlite3.Connection:
        connection = super().connect()
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        return connection


class ProcessJobs:
    """The target around one of them."""

    vocabulary = Vocabulary(
        active=frozenset({"running"}),
        completed=frozenset({"done"}),
        cancelled=frozenset({"stopped"}),
        failed=frozenset({"error"}),
        interrupted=frozenset({"lost"}),
    )
    audit = Audit(table="jobs", key="id", status="state")
    jobs: type[Jobs] = Jobs
    indexed = False

    def __init__(self) -> None:
        self.name = type(self).__name__
        self._work: Work | None = None

    def prepare(self, database: Path) -> None:
        with closing(sqlite3.connect(database)) as connection:
            connection.execute("CREATE TABLE jobs (id INTEGER PRIMARY KEY, state TEXT)")
            if self.indexed:
                connection.execute(
                    "CREATE UNIQUE INDEX one ON jobs (state) WHERE state = 'running'"
                )
            connection.commit()

    def open(self, database: Path, work: Work) -> Jobs:
        if work is not self._work:
            self._work = work
            HERE.__init__()  # each schedule is a process
        return self.jobs(database, work)


class Counted(Jobs):
    """Innocent, but for its ids: each process counts from 1."""

    def __init__(self, database: Path, work: Work) -> None:
        super().__init__(database, work)
        self.count = 0

    def start(self) -> int:
        self.count += 1
        with closing(self.connect()) as connection:
            row = (self.count, "running")
            connection.execute("INSERT OR REPLACE INTO jobs (id, state) VALUES (?, ?)", row)
            connection.commit()
        self.threads[self.count] = threading.Thread(target=self.run, args=(self.count,))
        self.threads[self.count].start()
        return self.count
