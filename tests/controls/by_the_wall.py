"""Deadlines by the wall clock, which others set."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Callable

from plain_manager import Job, PlainManager, PlainTarget, Result

LONGEST_RUN = 2 * 3600.0
PATIENCE = 12 * 3600.0
"""Seconds: longer than any trouble of a schedule lasts."""


class TimedManager(PlainManager):
    """Runs that take too long have failed."""

    now = staticmethod(time.monotonic)

    def perform(self, job: Job) -> str:
        begun = self.now()
        ending = super().perform(job)
        return "failed" if self.now() - begun > LONGEST_RUN else ending


class TimedByTheWallManager(TimedManager):
    now = staticmethod(time.time)  # the mistake: a day can pass in no time


class PatientManager(PlainManager):
    """It tries for half a day."""

    now = staticmethod(time.monotonic)

    def insist(self, action: Callable[[sqlite3.Connection], Result]) -> Result:
        end = self.now() + PATIENCE
        while True:
            with contextlib.suppress(sqlite3.Error, MemoryError):
                return self.attempt(action)
            if self.now() > end:
                raise TimeoutError("the database could not be written for half a day")
            time.sleep(5.0)


class PatientByTheWallManager(PatientManager):
    now = staticmethod(time.time)  # the mistake: as above


class TimedByTheWall(PlainTarget):
    manager = TimedByTheWallManager


class TimedByItself(PlainTarget):
    manager = TimedManager


class PatientByTheWall(PlainTarget):
    manager = PatientByTheWallManager


class PatientByItself(PlainTarget):
    manager = PatientManager
