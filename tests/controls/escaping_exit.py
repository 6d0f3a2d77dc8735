"""`SystemExit` is no `Exception`: it kills the thread and leaves the row running."""

from __future__ import annotations

import sqlite3

from plain_manager import Cancelled, Job, PlainManager, PlainTarget


class EscapingExitManager(PlainManager):
    def work_on(self, job: Job, connection: sqlite3.Connection) -> str:
        try:
            self.do(job, connection)
        except Cancelled:
            return "cancelled"
        except Exception:  # noqa: BLE001  # the mistake: not every end is an Exception
            return "failed"
        return "completed"


class CaughtExitManager(PlainManager):
    def work_on(self, job: Job, connection: sqlite3.Connection) -> str:
        try:
            self.do(job, connection)
        except Cancelled:
            return "cancelled"
        except BaseException:  # noqa: BLE001  # whatever it is, it is how the work ended
            return "failed"
        return "completed"


class EscapingExit(PlainTarget):
    manager = EscapingExitManager


class CaughtExit(PlainTarget):
    manager = CaughtExitManager
