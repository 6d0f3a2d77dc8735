"""The run is forgotten when its work begins: a cancel finds nothing to cancel."""

from __future__ import annotations

import sqlite3

from plain_manager import Job, PlainManager, PlainTarget


class ForgetsAtTheBeginningManager(PlainManager):
    def do(self, job: Job, connection: sqlite3.Connection) -> None:
        with self.lock:
            self.job = None
        super().do(job, connection)


class ForgetsAtTheEndManager(PlainManager):
    def decide(self, job: Job, ending: str) -> str:
        outcome = super().decide(job, ending)
        with self.lock:
            self.job = None
        return outcome


class ForgetsAtTheBeginning(PlainTarget):
    manager = ForgetsAtTheBeginningManager


class ForgetsAtTheEnd(PlainTarget):
    manager = ForgetsAtTheEndManager
