"""Hands parts out to workers and takes back what they found, wherever the workers are."""

from __future__ import annotations

from collections.abc import Callable, Generator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from typing import Protocol

from runfaults.explore.agenda import Agenda
from runfaults.explore.findings import Findings
from runfaults.explore.part import Part

MAX_DEATHS = 3
"""Times that worker processes may die before the exploration gives up."""

_ASK_EVERY = 0.1
"""Real seconds between two questions whether it is enough, while no part is finished."""


class WorkersDiedError(ChildProcessError):
    """Worker processes keep dying: nothing more can be run with them."""


class Workers(Protocol):
    """Run parts outside of this process, several at once."""

    def wanted(self) -> int:
        """How many parts they should have in hand, so that none of them is idle."""
        ...

    def submit(self, part: Part) -> Future[Findings]:
        """Have one of them run a part."""
        ...

    def abandon(self) -> None:
        """Nobody waits any more for what they have in hand."""
        ...


def hand_out(
    workers: Workers, agenda: Agenda, enough: Callable[[], bool]
) -> Generator[tuple[Part, Findings]]:
    """Have parts run until none is left or it is enough.

    Args:
        workers: Who runs them.
        agenda: What to run. Whoever gets a part with what it found has to cross it off, and may
            put further parts down.
        enough: Asked again and again; True ends it early.

    Yields:
        Each part with what it found, in the order in which they finish.
    """
    waiting: dict[Future[Findings], Part] = {}
    agenda.take_back()
    try:
        while (agenda.waiting or waiting) and not enough():
            for _ in range(min(agenda.waiting, workers.wanted() - len(waiting))):
                part = agenda.take()
                waiting[workers.submit(part)] = part
            for future in wait(waiting, _ASK_EVERY, FIRST_COMPLETED).done:
                found = future.result()
                yield waiting.pop(future), found
    finally:
        if waiting:
            workers.abandon()
