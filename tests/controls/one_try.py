"""One `try` around the work and the recording: an error while recording looks like failed work."""

from __future__ import annotations

from plain_manager import Cancelled, Job, PlainManager, PlainTarget

from genglossary.db.connection import database_connection


class OneTryManager(PlainManager):
    def live(self, job: Job) -> None:
        try:
            with database_connection(self.database) as connection:
                self.begin(job)
                self.do(job, connection)
                outcome = self.decide(job, "completed")
                self.write(connection, job, outcome)
                connection.commit()
        except Cancelled:
            outcome = self.decide(job, "cancelled")
        except BaseException:  # noqa: BLE001  # the mistake: the database's errors are in here too
            self.decide(job, "failed")
            outcome = "failed"
        self.signal(job, self.record(job, outcome))


class RecordsApartManager(PlainManager):
    def live(self, job: Job) -> None:
        try:
            with database_connection(self.database) as connection:
                self.begin(job)
                self.do(job, connection)
                ending = "completed"
        except Cancelled:
            ending = "cancelled"
        except BaseException:  # noqa: BLE001  # whatever it is, it is how the work ended
            ending = "failed"
        outcome = self.decide(job, ending)
        self.signal(job, self.record(job, outcome))


class OneTry(PlainTarget):
    manager = OneTryManager


class RecordsApart(PlainTarget):
    manager = RecordsApartManager
