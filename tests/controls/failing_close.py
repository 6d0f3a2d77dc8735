"""The client of the work cannot be closed without an error, which is none of the work's."""

from __future__ import annotations

import contextlib
import sqlite3

from plain_manager import Cancelled, Job, PlainManager, PlainTarget

from runfaults.targets.client import Client


class WithAClientManager(PlainManager):
    client: Client | None = None

    def do(self, job: Job, connection: sqlite3.Connection) -> None:
        self.client = Client()
        try:
            self.work(connection, job.id, job.cancel.is_set, Cancelled, client=self.client)
        finally:
            self.let_go(self.client)

    def let_go(self, client: Client) -> None:
        with contextlib.suppress(OSError):
            client.close()

    def cancel(self, run: int) -> bool:
        accepted = super().cancel(run)
        if accepted and self.client is not None:
            self.let_go(self.client)
        return accepted


class OfTheWorkManager(WithAClientManager):
    def let_go(self, client: Client) -> None:
        client.close()  # the mistake: what it raises is taken for the work's own end


class CloseIsTheWorks(PlainTarget):
    manager = OfTheWorkManager


class CloseIsItsOwn(PlainTarget):
    manager = WithAClientManager
