"""A run that cannot be recorded begins again, with its work."""

from __future__ import annotations

import sqlite3
import time

from plain_manager import PAUSE, Job, PlainManager, PlainTarget


class DoesAllAgainManager(PlainManager):
    def live(self, job: Job) -> None:
        while True:
            outcome = self.decide(job, self.perform(job))
            try:
                status = self.attempt(
                    lambda connection, said=outcome: self.record_once(connection, job, said)
                )
            except (sqlite3.Error, MemoryError):
                time.sleep(PAUSE)
            else:
                return self.signal(job, status)


class RecordsAgainManager(PlainManager):
    def live(self, job: Job) -> None:
        outcome = self.decide(job, self.perform(job))
        while True:
            try:
                status = self.attempt(lambda connection: self.record_once(connection, job, outcome))
            except (sqlite3.Error, MemoryError):
                time.sleep(PAUSE)
            else:
                return self.signal(job, status)


class DoesAllAgain(PlainTarget):
    manager = DoesAllAgainManager


class RecordsAgain(PlainTarget):
    manager = RecordsAgainManager
