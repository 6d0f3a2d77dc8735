"""A start that fails is recorded as failed, though a cancel was accepted meanwhile."""

from __future__ import annotations

import sqlite3

from plain_manager import Job, PlainManager, PlainTarget


class RememberedCancelManager(PlainManager):
    def live(self, job: Job) -> None:
        try:
            self.attempt(
                lambda connection: connection.execute(
                    "UPDATE runs SET status = 'running' WHERE id = ? AND status = 'pending'",
                    (job.id,),
                )
            )
        except (sqlite3.Error, MemoryError):
            self.signal(job, self.record(job, self.give_up(job)))
        else:
            super().live(job)

    def give_up(self, job: Job) -> str:
        return self.decide(job, "failed")


class ForgottenCancelManager(RememberedCancelManager):
    def give_up(self, job: Job) -> str:
        self.decide(job, "failed")
        return "failed"  # the mistake: whatever was decided


class ForgottenCancel(PlainTarget):
    manager = ForgottenCancelManager


class RememberedCancel(PlainTarget):
    manager = RememberedCancelManager
