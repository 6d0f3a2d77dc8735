"""Who subscribes while the run is being recorded is on no list any more, and not yet too late."""

from __future__ import annotations

from plain_manager import Job, PlainManager, PlainTarget


class LateSubscriberManager(PlainManager):
    def conclude(self, job: Job, ending: str) -> None:
        outcome = self.decide(job, ending)
        with self.lock:
            queues = self.take_subscribers(job.id)  # the mistake: the list is not final yet
        status = self.record(job, outcome)
        with self.lock:
            self.endings[job.id] = status
        for queue in queues:
            queue.put(status)
            queue.put(None)


class PunctualSubscriberManager(PlainManager):
    def conclude(self, job: Job, ending: str) -> None:
        outcome = self.decide(job, ending)
        status = self.record(job, outcome)
        with self.lock:
            queues = self.take_subscribers(job.id)
            self.endings[job.id] = status
        for queue in queues:
            queue.put(status)
            queue.put(None)


class LateSubscriber(PlainTarget):
    manager = LateSubscriberManager


class PunctualSubscriber(PlainTarget):
    manager = PunctualSubscriberManager
