"""A cancel is accepted after the manager has looked for one for the last time."""

from __future__ import annotations

from plain_manager import Job, PlainManager, PlainTarget


class LateCancelManager(PlainManager):
    def conclude(self, job: Job, ending: str) -> None:
        outcome = "cancelled" if job.cancel.is_set() else ending
        status = self.record(job, outcome)  # the mistake: cancels are still accepted meanwhile
        self.decide(job, ending)
        self.signal(job, status)


class TooLateCancelManager(PlainManager):
    def decide(self, job: Job, ending: str) -> str:
        outcome = "cancelled" if job.cancel.is_set() else ending  # the mistake: without the lock
        with self.lock:
            job.decided = True
        return outcome


class DecidedCancelManager(PlainManager):
    def decide(self, job: Job, ending: str) -> str:
        with self.lock:
            outcome = "cancelled" if job.cancel.is_set() else ending
            job.decided = True
        return outcome


class LateCancel(PlainTarget):
    """The window is as wide as the recording."""

    manager = LateCancelManager


class TooLateCancel(PlainTarget):
    """The window is one step wide, and no operation of the database is in it."""

    manager = TooLateCancelManager


class DecidedCancel(PlainTarget):
    manager = DecidedCancelManager
