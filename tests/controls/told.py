"""Subscribers that read slowly, or raise: no other one may miss the end for that."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from queue import Full, Queue
from typing import Any

from plain_manager import Job, PlainManager, PlainTarget

from runfaults.targets.callback import Callback
from runfaults.targets.completion import Completion
from runfaults.targets.inbox import Inbox

ENDED = Completion("event", {"done"}, status="outcome")
MOST = 100


class BoundedManager(PlainManager):
    """Its subscribers have queues with a bound; the end makes room for itself."""

    def subscribe(self, run: int) -> Callable[[], str | None]:
        queue: Queue[Any] = Queue(MOST)
        with self.lock:
            if run in self.endings:
                self.tell(queue, self.endings[run])
            elif self.closed and run not in self.threads:
                queue.put(None)
            else:
                self.subscribers.setdefault(run, []).append(queue)
        return Inbox(queue, ENDED, {"event": "line", "text": "half of it"}).next_signal

    def signal(self, job: Job, status: str) -> None:
        with self.lock:
            self.endings[job.id] = status
            queues = self.take_subscribers(job.id)
        for queue in queues:
            self.tell(queue, status)

    def tell(self, queue: Queue[Any], status: str) -> None:
        end = {"event": "done", "outcome": status}
        try:
            queue.put_nowait(end)
        except Full:
            queue.get_nowait()
            queue.put_nowait(end)


class AskingManager(BoundedManager):
    def tell(self, queue: Queue[Any], status: str) -> None:
        while queue.full():
            queue.get_nowait()
        queue.put_nowait({"event": "done", "outcome": status})


class DroppingManager(BoundedManager):
    def tell(self, queue: Queue[Any], status: str) -> None:
        if not queue.full():
            queue.put_nowait({"event": "done", "outcome": status})
            return
        # the mistake: the end is dropped as any line is


class TellsInTheRecordManager(BoundedManager):
    """Tells before the outcome is final; what that raises is taken for a failure of the run."""

    def live(self, job: Job) -> None:
        ending = self.perform(job)
        try:
            self.announce(job)
        except Full:
            ending = "failed"  # the mistake
        self.conclude(job, ending)

    def announce(self, job: Job) -> None:
        with self.lock:
            queues: list[Queue[Any]] = [*self.subscribers.get(job.id, ())]
        for queue in queues:
            queue.put_nowait({"event": "line", "text": "all of it"})


class CalledManager(PlainManager):
    """Its subscribers are functions."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.called: dict[int, list[Callable[[str, str], None]]] = {}

    def subscribe(self, run: int) -> Callable[[], str | None]:
        subscriber = Callback(Completion(0, {"ended"}, status=1))
        with self.lock:
            status = self.endings.get(run)
            if status is None:
                self.called.setdefault(run, []).append(subscriber)
        if status is not None:
            self.tell(subscriber, status)
        return subscriber.next_signal

    def signal(self, job: Job, status: str) -> None:
        with self.lock:
            self.endings[job.id] = status
            called = self.called.pop(job.id, [])
        for subscriber in called:
            self.tell(subscriber, status)

    def tell(self, subscriber: Callable[[str, str], None], status: str) -> None:
        with contextlib.suppress(Exception):  # others have to hear it too
            subscriber("ended", status)


class LoudManager(CalledManager):
    def signal(self, job: Job, status: str) -> None:
        with contextlib.suppress(RuntimeError):  # the mistake: those after it hear nothing
            super().signal(job, status)

    def tell(self, subscriber: Callable[[str, str], None], status: str) -> None:
        subscriber("ended", status)


class DropsTheEnd(PlainTarget):
    manager = DroppingManager


class FullIsFailed(PlainTarget):
    manager = TellsInTheRecordManager


class AsksFirst(PlainTarget):
    manager = AskingManager


class MakesRoom(PlainTarget):
    manager = BoundedManager


class FirstOneRaises(PlainTarget):
    manager = LoudManager


class TellsAll(PlainTarget):
    manager = CalledManager
