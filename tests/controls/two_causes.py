"""Two defects in one line, one that is reached through several; the same of runs that are left."""

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


class TwoLeaveManager(PlainManager):
    def live(self, job: Job) -> None:
        with contextlib.suppress(sqlite3.Error):
            self.start_on(job)
            self.finish(job, self.perform(job))

    def start_on(self, job: Job) -> None:
        self.write_once(job, "running")  # the first mistake: where that fails, nothing is recorded

    def begin(self, job: Job) -> bool:
        return True

    def finish(self, job: Job, ending: str) -> None:
        outcome = self.decide(job, ending)
        self.write_once(job, outcome)  # the second: one attempt
        self.signal(job, outcome)

    def write_once(self, job: Job, status: str) -> None:
        self.attempt(lambda connection: self.write(connection, job, status))


class OneLeavesManager(PlainManager):
    def live(self, job: Job) -> None:
        ending = self.perform(job)
        with contextlib.suppress(sqlite3.Error):
            if ending == "completed":
                self.finish(job)
            else:
                self.give_up_soon(job, ending)

    def finish(self, job: Job) -> None:
        try:
            outcome = self.attempt(
                lambda connection: self.record_once(connection, job, self.decide(job, "completed"))
            )
            self.signal(job, outcome)
        except sqlite3.Error:
            self.give_up_soon(job, "completed")

    def give_up_soon(self, job: Job, ending: str) -> None:
        outcome = self.decide(job, ending)  # the mistake: one attempt more
        status = self.attempt(lambda connection: self.record_once(connection, job, outcome))
        self.signal(job, status)


class TwoLeave(PlainTarget):
    manager = TwoLeaveManager


class OneLeaves(PlainTarget):
    manager = OneLeavesManager


class TwoInOneLine(PlainTarget):
    manager = TwoInOneLineManager


class OneThroughTwoLines(PlainTarget):
    manager = OneThroughTwoLinesManager
