"""Subscribers hear that the run has ended before the database knows."""

from __future__ import annotations

from plain_manager import Job, PlainManager, PlainTarget


class SignalFirstManager(PlainManager):
    def conclude(self, job: Job, ending: str) -> None:
        outcome = self.decide(job, ending)
        self.signal(job, outcome)
        self.record(job, outcome)


class RecordFirstManager(PlainManager):
    def conclude(self, job: Job, ending: str) -> None:
        outcome = self.decide(job, ending)
        status = self.record(job, outcome)
        self.signal(job, status)


class SignalFirst(PlainTarget):
    manager = SignalFirstManager


class RecordFirst(PlainTarget):
    manager = RecordFirstManager
