"""A read is answered from memory, which the record does not change."""

from __future__ import annotations

from plain_manager import Job, PlainManager, PlainTarget


class RemembersStatusManager(PlainManager):
    """Need not ask the database for the status of a run that it works on."""

    remembered: int | None = None

    def begin(self, job: Job) -> bool:
        begun = super().begin(job)
        if begun:
            self.remembered = job.id
        return begun

    def status(self, run: int) -> str | None:
        return "running" if self.remembered == run else super().status(run)


class ForgetsFirstManager(RemembersStatusManager):
    def record(self, job: Job, outcome: str) -> str:
        self.remembered = None
        return super().record(job, outcome)


class StaleAnswer(PlainTarget):
    manager = RemembersStatusManager


class FreshAnswer(PlainTarget):
    manager = ForgetsFirstManager
