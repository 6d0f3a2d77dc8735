"""The jobs that a campaign has left: known when it began, or found since."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import count

from runfaults.explore.job import Job
from runfaults.model.listener import Sort

_Priority = tuple[tuple[int, ...], int]


class Agenda:
    """The jobs that are left, each of them once; those of a lower rank are handed out first.

    Args:
        jobs: What is to be run in any case.

    Attributes:
        sorts: How many of each sort are left, with those of later waves.
    """

    def __init__(self, jobs: Iterable[Job] = ()) -> None:
        self._numbers = count()
        self._known: set[Job] = set()
        self._left: dict[Job, _Priority] = {}
        self._waiting: list[tuple[_Priority, Job]] = []
        self._later: dict[tuple[int, int, str], Job] = {}
        self._wave = 0
        self.sorts: Counter[Sort] = Counter()
        self.add(jobs)

    def add(self, jobs: Iterable[Job]) -> int:
        """Take up those that have never been on it; returns how many can now be handed out more.

        A job of a later wave waits until all others are finished.
        """
        before = len(self._known)
        for job in jobs:
            if job.wave > self._wave:
                key = job.wave, job.strategy, job.alike or job.key
                self.sorts[job.sort] += key not in self._later
                self._later[key] = min(job, self._later.get(key, job), key=_in_wave)
            elif job not in self._known:
                self._known.add(job)
                self.sorts[job.sort] += 1
                self._left[job] = job.rank, next(self._numbers)
                heapq.heappush(self._waiting, (self._left[job], job))
        if self._later and not self._left:
            self._wave = min(wave for wave, *_ in self._later)
            due = [key for key in self._later if key[0] == self._wave]
            jobs = sorted((self._later.pop(key) for key in due), key=_in_wave)
            self.sorts.subtract(job.sort for job in jobs)
            self.add(jobs)
        return len(self._known) - before

    def take(self) -> Job:
        """Hand out the job that is to be run next: it is left until it is finished.

        Raises:
            IndexError: if all that is left is handed out.
        """
        return heapq.heappop(self._waiting)[-1]

    def finish(self, job: Job, follow_ups: Iterable[Job] = ()) -> int:
        """Cross off a job that was handed out, and take up those that follow, as `add` does."""
        del self._left[job]
        self.sorts[job.sort] -= 1
        return self.add(follow_ups)

    def requeue(self) -> None:
        """Have all that is left handed out again."""
        self._waiting = [(place, job) for job, place in self._left.items()]
        heapq.heapify(self._waiting)

    def unfinished(self) -> Iterator[str]:
        """Count the jobs left, a phrase for each group, the likeliest to break a rule first."""
        left = [*self._left, *self._later.values()]
        total = self.total + len(self._later)
        ranks = {job.group: job.rank[:1] for job in left}
        counts = Counter(job.group for job in left)
        for group in sorted(ranks, key=ranks.__getitem__):
            yield f"{counts[group]:,} of {total:,} jobs: {group}"

    @property
    def waiting(self) -> int:
        """The number of jobs that can be dispatched."""
        return len(self._waiting)

    @property
    def total(self) -> int:
        """The number of jobs there have been."""
        return len(self._known)

    def __len__(self) -> int:
        """The number of jobs left."""
        return len(self._left)

    def __iter__(self) -> Iterator[Job]:
        """The jobs that are left."""
        return iter(self._left)


def _in_wave(job: Job) -> tuple[tuple[int, ...], str]:
    return job.rank, str(job.base)
