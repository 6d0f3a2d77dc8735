"""Two defects in one line, and one defect that is reached, and recorded, through several lines."""

from __future__ import annotations

import contextlib
import sqlite3

from plain_manager import Cancelled, Job, PlainManager, PlainTarget

from genglossary.db.connection import database_connection


class TwoInOneLineManager(PlainManager):
    def live(self, job: Job) -> None:
        try:
            with database_connection(self.database) as connection:
                self.begin(job)
                self.do(job, connection)
                outcome = self.decide(job, "completed")
                self.write(connection, job, outcome)
                connection.commit()
        except Cancelled:
            self.decide(job, "cancelled")
            outcome = "completed"  # the first mistake: it was cancelled
        except BaseException:  # noqa: BLE001  # the second: the database's errors are in here too
            self.decide(job, "failed")
            outcome = "failed"
        self.signal(job, self.record(job, outcome))


class OneThroughTwoLinesManager(PlainManager):
    def live(self, job: Job) -> None:
        try:
            with database_connection(self.database) as connection:
                self.begin(job)
                self.do(job, connection)
                status = self.decide(job, "completed")
                self.write(connection, job, status)
                connection.commit()
        except Cancelled:
            status = self.put(job, self.decide(job, "cancelled"))
        except BaseException:  # noqa: BLE001  # the mistake: the database's errors are in here too
            self.decide(job, "failed")
            status = self.put(job, "failed")
        self.signal(job, status)

    def put(self, job: Job, outcome: str) -> str:
        """Record it at the first attempt, or by those of another line."""
        with contextlib.suppress(sqlite3.Error):
            return self.attempt(lambda connection: self.record_once(connection, job, outcome))
        return self.record(job, outcome)


class TwoInOneLine(PlainTarget):
    manager = TwoInOneLineManager


class OneThroughTwoLines(PlainTarget):
    manager = OneThroughTwoLinesManager
