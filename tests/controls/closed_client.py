"""A cancel closes the client of the work: what the work then does is called its own outcome."""

from __future__ import annotations

import sqlite3

from plain_manager import Cancelled, Job, PlainManager, PlainTarget

from runfaults.targets.client import Client


class ClosingManager(PlainManager):
    """Promises nothing: its cancels are answered by None."""

    client: Client | None = None

    def cancel(self, run: int) -> None:  # type: ignore[override]  # it says neither yes nor no
        with self.lock:
            job, client = self.job, self.client
            if job is None or job.id != run or job.decided:
                return
            job.cancel.set()
        if client is not None:
            client.close()

    def do(self, job: Job, connection: sqlite3.Connection) -> None:
        self.client = Client()
        self.work(connection, job.id, job.cancel.is_set, Cancelled, client=self.client)


class TakenForItsOwnManager(ClosingManager):
    def decide(self, job: Job, ending: str) -> str:
        with self.lock:
            job.decided = True
        return ending  # the mistake: what the closed client has made of the work


class ClosedIsFailed(PlainTarget):
    manager = TakenForItsOwnManager


class HalfIsCompleted(PlainTarget):
    manager = TakenForItsOwnManager


class ClosedIsCancelled(PlainTarget):
    manager = ClosingManager


class HalfIsCancelled(PlainTarget):
    manager = ClosingManager
