"""Which runs are alive and which one works, told by locks that die with their process.

Two files beside the database carry the locks. ``<database>.owner`` is locked *shared* by each run
from before its row can be seen until its thread has nothing left to do, so an active row beside a
file that is not locked is an orphan. ``<database>.worker`` is locked *exclusively* by the one run
whose pipeline is at work.

The kernel drops a lock with its process, whatever ended that, and never before: it proves what no
timeout can. The files stay, because removing one would let two processes lock two files of one
name. Without such locks (Windows, some network file systems) the runs of one process still take
turns, and no row is ever called an orphan: a cancel through the API ends it.
"""

import errno
import os
import sqlite3
import uuid
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import ClassVar, Self
from weakref import WeakSet

from genglossary.db.runs_repository import get_active_run

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

_NO_LOCKS_HERE = {errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP}


class FileLock:
    """A lock on a file. Two of one process exclude each other too.

    Args:
        path: The file; made if need be.

    Attributes:
        certain: Whether the kernel keeps the lock, so that other processes see it.
    """

    _held: ClassVar[WeakSet[Self]] = WeakSet()
    _paths_of_this_process: ClassVar[set[Path]] = set()  # what stands in for the kernel
    _guard: ClassVar = Lock()
    # Of the class, so that a lock whose making a signal ended can be released.
    _descriptor: int | None = None
    _stands_in = False

    def __init__(self, path: Path) -> None:
        self.path = path
        self.certain = fcntl is not None

    def acquire(self, *, shared: bool = False) -> bool:
        """Take the lock without waiting; return False if another holder is in the way.

        Raises:
            OSError: The file cannot be opened.
        """
        self._descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o666)
        self._held.add(self)
        acquired = False
        try:
            acquired = self._lock(self._descriptor, shared=shared)
        finally:
            if not acquired:
                self.release()
        return acquired

    def _lock(self, descriptor: int, *, shared: bool) -> bool:
        if fcntl is not None:
            try:
                fcntl.flock(
                    descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB
                )
            except BlockingIOError:
                return False
            except OSError as error:
                if error.errno not in _NO_LOCKS_HERE:
                    raise
                self.certain = False
        if not self.certain and not shared:
            with self._guard:
                if self.path in self._paths_of_this_process:
                    return False
                self._paths_of_this_process.add(self.path)
                self._stands_in = True
        return True

    def release(self) -> None:
        """Give the lock up; without effect if it is not held."""
        descriptor = self.forget()
        if descriptor is None:
            return
        if fcntl is not None and self.certain:
            # Closing alone would leave it to a forked child that has the descriptor too.
            fcntl.flock(descriptor, fcntl.LOCK_UN)
        if self._stands_in:
            self._stands_in = False
            self._paths_of_this_process.discard(self.path)
        os.close(descriptor)

    def forget(self) -> int | None:
        """Hand out the descriptor, which is the caller's to close."""
        descriptor, self._descriptor = self._descriptor, None
        return descriptor

    def read(self) -> bytes:
        """Return what is in the file; the lock is held."""
        assert self._descriptor is not None, "held"
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        return os.read(self._descriptor, 64)

    def write(self, content: bytes) -> None:
        """Replace what is in the file by as many bytes; the lock is held."""
        assert self._descriptor is not None, "held"
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        os.write(self._descriptor, content)

    def __del__(self) -> None:
        self.release()

    @classmethod
    def leave_to_parent(cls) -> None:
        """Close, in a forked child, what its parent has locked: the child owns no run."""
        for lock in list(cls._held):
            descriptor = lock.forget()
            if descriptor is not None:
                os.close(descriptor)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=FileLock.leave_to_parent)


class Claim:
    """What one run holds: a sign of life, and from its turn on the right to work."""

    def __init__(self, database: Path) -> None:
        self._owner = FileLock(_beside(database, ".owner"))
        self._worker = FileLock(_beside(database, ".worker"))
        self._mark = uuid.uuid4().hex.encode()
        self._announced = False

    def announce(self) -> bool:
        """Show that a run is alive; return False if another process is just looking for orphans.

        The caller holds the database's write lock and inserts the row in that transaction.
        """
        self._announced = self._announced or self._owner.acquire(shared=True)
        if self._announced:
            self._owner.write(self._mark)
        return self._announced

    def is_newest(self) -> bool:
        """Tell whether no other run was announced since; the caller holds the write lock.

        A run whose insert has no known outcome is thereby told from another one of the same id.
        """
        return self._announced and self._owner.read() == self._mark

    def take_turn(self) -> bool:
        """Take the right to work; return False while another run has it."""
        return self._worker.acquire()

    def release(self) -> None:
        """Give up everything."""
        self._worker.release()
        self._owner.release()


def is_orphaned(database: Path) -> bool:
    """Tell whether every active row is of a process that is certainly dead."""
    lock = FileLock(_beside(database, ".owner"))
    free = lock.acquire()
    lock.release()
    return free and lock.certain


def interrupt_orphans(conn: sqlite3.Connection, database: Path) -> None:
    """Record active rows as interrupted if the process that ran them is dead.

    The caller holds the write lock, so no run can announce itself meanwhile.
    """
    if get_active_run(conn) is None or not is_orphaned(database):
        return
    conn.execute(
        "UPDATE runs SET status = 'interrupted', error_message = ?,"
        " finished_at = max(?, coalesce(started_at, ''))"  # the clock may have been set back
        " WHERE status IN ('pending', 'running')",
        (
            "The process that ran this ended before it could record how the run went.",
            datetime.now(UTC).isoformat(timespec="seconds"),
        ),
    )


def _beside(database: Path, suffix: str) -> Path:
    file = database.resolve()
    return file.with_name(file.name + suffix)
