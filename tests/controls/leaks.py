"""Things that outlive their run, one manager each, and beside it the one that lets go."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from queue import Queue
from threading import Lock, Thread

from plain_manager import Job, PlainManager, PlainTarget

from genglossary.db.connection import database_connection, get_connection
from runfaults.targets.target import Work


class LeakedConnectionManager(PlainManager):
    def do(self, job: Job, connection: sqlite3.Connection) -> None:
        self.progress = get_connection(self.database)
        super().do(job, connection)


class LeakedTransactionManager(PlainManager):
    def do(self, job: Job, connection: sqlite3.Connection) -> None:
        self.progress = get_connection(self.database)
        self.progress.execute("BEGIN")
        super().do(job, connection)


class ClosedConnectionManager(PlainManager):
    def do(self, job: Job, connection: sqlite3.Connection) -> None:
        with database_connection(self.database) as progress:
            progress.execute("BEGIN")
            super().do(job, connection)


class HasProgressLock(PlainManager):
    def __init__(self, database: Path, work: Work) -> None:
        super().__init__(database, work)
        self.progress = Lock()


class LeakedLockManager(HasProgressLock):
    def do(self, job: Job, connection: sqlite3.Connection) -> None:
        self.progress.acquire()
        super().do(job, connection)
        self.progress.release()  # the mistake: not if the work raises


class ReleasedLockManager(HasProgressLock):
    def do(self, job: Job, connection: sqlite3.Connection) -> None:
        with self.progress:
            super().do(job, connection)


class LeakedThreadManager(PlainManager):
    def do(self, job: Job, connection: sqlite3.Connection) -> None:
        self.mailbox: Queue[None] = Queue()
        Thread(target=self.mailbox.get).start()
        super().do(job, connection)


class JoinedThreadManager(PlainManager):
    def do(self, job: Job, connection: sqlite3.Connection) -> None:
        mailbox: Queue[None] = Queue()
        listener = Thread(target=mailbox.get)
        listener.start()
        try:
            super().do(job, connection)
        finally:
            mailbox.put(None)
            listener.join()


class LeakedSubscriberManager(PlainManager):
    def take_subscribers(self, run: int) -> list[Queue[str | None]]:
        return self.subscribers.get(run, [])


class ForgottenSubscriberManager(PlainManager):
    def take_subscribers(self, run: int) -> list[Queue[str | None]]:
        queues = self.subscribers.get(run, [])
        self.subscribers.pop(run, None)
        return queues


class LeakedConnection(PlainTarget):
    manager = LeakedConnectionManager


class LeakedTransaction(PlainTarget):
    manager = LeakedTransactionManager


class ClosedConnection(PlainTarget):
    manager = ClosedConnectionManager


class LeakedLock(PlainTarget):
    manager = LeakedLockManager


class ReleasedLock(PlainTarget):
    manager = ReleasedLockManager


class LeakedThread(PlainTarget):
    manager = LeakedThreadManager


class JoinedThread(PlainTarget):
    manager = JoinedThreadManager


class LeakedSubscriber(PlainTarget):
    manager = LeakedSubscriberManager


class ForgottenSubscriber(PlainTarget):
    manager = ForgottenSubscriberManager
