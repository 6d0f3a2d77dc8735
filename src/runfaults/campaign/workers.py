"""Hands jobs out to workers and takes back what they found, wherever the workers are."""

from __future__ import annotations

from collections.abc import Callable, Generator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from typing import Protocol

from runfaults.campaign.agenda import Agenda
from runfaults.explore.findings import Findings
from runfaults.explore.job import Job

MAX_DEATHS = 3
"""Times that worker processes may die before the campaign gives up."""

_ASK_EVERY = 0.1
"""Real seconds between two questions whether it is enough, while no job is finished."""


class WorkersDiedError(ChildProcessError):
    """Worker processes keep dying: nothing more can be run with them."""


class Workers(Protocol):
    """Run jobs outside of this process, several at once."""

    def capacity(self) -> int:
        """The number of jobs that keeps all of them at work."""
        ...

    def submit(self, job: Job) -> Future[Findings]:
        """Have one of them run a job."""
        ...

    def cancel_running(self) -> None:
        """End what was handed out to them and is not finished."""
        ...


def dispatch(
    workers: Workers, agenda: Agenda, should_stop: Callable[[], bool]
) -> Generator[tuple[Job, Findings]]:
    """Have jobs run until none is left or it is enough.

    Args:
        workers: What runs them.
        agenda: What to run. The caller gets each job with what it found, crosses it off, and may
            add further ones.
        should_stop: Asked again and again; True ends it early.

    Yields:
        Each job with what it found, in the order in which they finish.
    """
    waiting: dict[Future[Findings], Job] = {}
    agenda.requeue()
    try:
        while (agenda.waiting or waiting) and not should_stop():
            for _ in range(min(agenda.waiting, workers.capacity() - len(waiting))):
                job = agenda.take()
                waiting[workers.submit(job)] = job
            for future in wait(waiting, _ASK_EVERY, FIRST_COMPLETED).done:
                found = future.result()
                yield waiting.pop(future), found
    finally:
        if waiting:
            workers.cancel_running()
