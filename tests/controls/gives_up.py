"""Recording gives up after three attempts, though the lock would have gone."""

from __future__ import annotations

import contextlib
import itertools
import sqlite3
import time
from collections.abc import Iterable

from plain_manager import PAUSE, Job, PlainManager, PlainTarget


class PersistsManager(PlainManager):
    def record(self, job: Job, outcome: str) -> str:
        for _ in self.attempts():
            with contextlib.suppress(sqlite3.Error, MemoryError):
                return self.attempt(lambda connection: self.record_once(connection, job, outcome))
            time.sleep(PAUSE)
        return outcome

    def attempts(self) -> Iterable[int]:
        return itertools.count()


class GivesUpManager(PersistsManager):
    def attempts(self) -> Iterable[int]:
        return range(3)


class GivesUp(PlainTarget):
    manager = GivesUpManager


class Persists(PlainTarget):
    manager = PersistsManager
