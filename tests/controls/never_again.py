"""A run that failed counts as active in memory: no other one can be started."""

from __future__ import annotations

from plain_manager import Job, PlainManager, PlainTarget


class RemembersManager(PlainManager):
    """Refuses a start while it remembers a run."""

    active = False

    def start(self) -> int:
        if self.active:
            raise RuntimeError("a run is active already")
        return super().start()

    def launch(self, job: Job) -> int:
        self.active = True
        return super().launch(job)


class NeverAgainManager(RemembersManager):
    def record(self, job: Job, outcome: str) -> str:
        status = super().record(job, outcome)
        if status == "completed":
            self.active = False
        return status


class OnceMoreManager(RemembersManager):
    def record(self, job: Job, outcome: str) -> str:
        status = super().record(job, outcome)
        self.active = False
        return status


class NeverAgain(PlainTarget):
    manager = NeverAgainManager


class OnceMore(PlainTarget):
    manager = OnceMoreManager
