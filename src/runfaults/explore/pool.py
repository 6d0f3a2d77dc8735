"""Runs shards on all cores; what a dying worker had in hand is run again."""

from __future__ import annotations

import multiprocessing
import os
import signal
import tempfile
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import NamedTuple

from runfaults.explore.bound import Bound, SearchBound
from runfaults.explore.findings import Findings
from runfaults.explore.search import roots, search_shard
from runfaults.explore.sweep import run_shard, shards
from runfaults.model import Schedule
from runfaults.sim.database import memory_backed_folder
from runfaults.sim.world import Simulation
from runfaults.targets import target_named

MAX_DEATHS = 3
"""Times that worker processes may die before the exploration gives up."""


class Part(NamedTuple):
    """A part of an exploration that can be run anywhere, again if need be.

    Attributes:
        schedule: The base schedule from which the others of this part grow.
        search: How far a search goes from there; None for a part of the sweep.
    """

    schedule: Schedule
    search: SearchBound | None = None


def parts_of(simulation: Simulation, bound: Bound) -> list[Part]:
    """Cut a bound into parts: the sweep first, smallest schedules first."""
    parts = [Part(schedule) for schedule in shards(simulation, bound)]
    for search in bound.searches:
        parts += [Part(schedule, search) for schedule in roots(simulation, search)]
    return parts


def run_part(simulation: Simulation, part: Part, bound: Bound) -> Findings:
    """Run one part in this process."""
    if part.search is None:
        return run_shard(simulation, part.schedule, bound)
    return search_shard(simulation, part.schedule, part.search)


_simulation: Simulation | None = None


class WorkersDiedError(RuntimeError):
    """Worker processes keep dying: nothing more can be run here."""


def run_parts(target: str, parts: Sequence[Part], bound: Bound, jobs: int) -> Iterator[Findings]:
    """Run every part; yields what each found, in the order in which they finish.

    Args:
        target: Name of the system under test.
        parts: What to run.
        bound: How far each shard goes.
        jobs: Number of processes; 1 runs everything in this one.

    Raises:
        WorkersDiedError: if processes died `MAX_DEATHS` times.
    """
    if jobs == 1:
        with Simulation(target_named(target)) as simulation:
            for part in parts:
                yield run_part(simulation, part, bound)
        return
    left = deque(parts)
    for _ in range(MAX_DEATHS):
        yield from _run_in_pool(target, left, bound, jobs)
        if not left:
            return
    raise WorkersDiedError(
        f"worker processes died {MAX_DEATHS} times with {len(left)} shards left; "
        "run with --jobs 1 to see why"
    )


def _run_in_pool(target: str, left: deque[Part], bound: Bound, jobs: int) -> Iterator[Findings]:
    """Run shards until all are done or a worker dies; removes from `left` what was done."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["runfaults.explore.pool"])
    with (
        tempfile.TemporaryDirectory(prefix="runfaults-", dir=memory_backed_folder()) as folder,
        ProcessPoolExecutor(
            jobs, mp_context=context, initializer=_enter_simulation, initargs=(target, folder)
        ) as pool,
    ):
        waiting: dict[Future[Findings], Part] = {}
        queue = deque(left)
        try:
            while queue or waiting:
                while queue and len(waiting) < 2 * jobs:
                    part = queue.popleft()
                    waiting[pool.submit(_run_in_worker, part, bound)] = part
                for future in wait(waiting, return_when=FIRST_COMPLETED).done:
                    found = future.result()
                    left.remove(waiting.pop(future))
                    yield found
        except BrokenProcessPool:
            return
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _enter_simulation(target: str, folder: str) -> None:
    """Prepare a worker process: one simulation for all its shards.

    It is never left, so its files are in a folder that the parent removes. Ctrl-C is for the
    parent alone, though the terminal sends it to all.
    """
    global _simulation  # noqa: PLW0603  # a worker process has one simulation, from birth to death
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _simulation = Simulation(target_named(target), within=folder).__enter__()


def _run_in_worker(part: Part, bound: Bound) -> Findings:
    if _simulation is None:
        raise RuntimeError("a worker ran a shard before its simulation was entered")
    return run_part(_simulation, part, bound)


def available_cores() -> int:
    """The processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
