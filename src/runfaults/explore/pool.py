"""Runs parts on all cores; what a dying worker had in hand is run again."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import shutil
import signal
import tempfile
import threading
from collections.abc import Callable, Generator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from itertools import cycle, islice
from multiprocessing.process import BaseProcess
from multiprocessing.queues import SimpleQueue

from runfaults.explore.agenda import Agenda
from runfaults.explore.bound import Bound
from runfaults.explore.findings import Findings
from runfaults.explore.part import Part, run_part
from runfaults.explore.workers import MAX_DEATHS, WorkersDiedError, hand_out
from runfaults.sim.database import memory_backed_folder
from runfaults.sim.simulation import Simulation
from runfaults.targets import target_named

_simulation: Simulation | None = None


def run_parts(
    target: str,
    agenda: Agenda,
    bound: Bound,
    jobs: int,
    enough: Callable[[], bool] = lambda: False,
) -> Generator[tuple[Part, Findings]]:
    """Run every part; yields what each found, in the order in which they finish.

    Args:
        target: Name of the system under test.
        agenda: What to run; see `hand_out`.
        bound: How far each part goes.
        jobs: Number of processes; 1 runs everything in this one.
        enough: Asked again and again, in this process between parts only; True ends it early.

    Raises:
        WorkersDiedError: if processes died `MAX_DEATHS` times.
    """
    if jobs == 1:
        with Simulation(target_named(target)) as simulation:
            while agenda.waiting and not enough():
                part = agenda.take()
                yield part, run_part(simulation, part, bound)
        return
    for _ in range(MAX_DEATHS):
        yield from _run_in_pool(target, agenda, bound, jobs, enough)
        if not agenda or enough():
            return
    raise WorkersDiedError(
        f"worker processes died {MAX_DEATHS} times with {len(agenda)} parts left; "
        "run with --jobs 1 to see why"
    )


def _run_in_pool(
    target: str, agenda: Agenda, bound: Bound, jobs: int, enough: Callable[[], bool]
) -> Generator[tuple[Part, Findings]]:
    """Run parts until all are done, a worker dies or it is enough.

    However it ends, no process and no file of a worker is left.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["runfaults.explore.pool"])
    cores: SimpleQueue[int] = context.SimpleQueue()
    for core in islice(cycle(available_cores()), jobs):
        cores.put(core)
    others = frozenset(multiprocessing.active_children())
    with (
        tempfile.TemporaryDirectory(
            prefix="runfaults-", dir=memory_backed_folder(), ignore_cleanup_errors=True
        ) as folder,
        ProcessPoolExecutor(
            jobs,
            mp_context=context,
            initializer=_enter_simulation,
            initargs=(target, folder, cores),
        ) as pool,
        contextlib.suppress(BrokenProcessPool),
    ):
        yield from hand_out(_Processes(pool, bound, jobs, others), agenda, enough)


@dataclass(frozen=True, slots=True)
class _Processes:
    """Workers that are processes of this machine.

    Attributes:
        pool: Theirs.
        bound: How far each part goes.
        jobs: How many they are.
        others: Children of this process that are none of them.
    """

    pool: ProcessPoolExecutor
    bound: Bound
    jobs: int
    others: frozenset[BaseProcess]

    def wanted(self) -> int:
        """One part to run and one to go on with for each."""
        return 2 * self.jobs

    def submit(self, part: Part) -> Future[Findings]:
        """Have one of them run a part."""
        return self.pool.submit(_run_in_worker, part, self.bound)

    def abandon(self) -> None:
        """Kill them in the middle of it: the pool sees that they died, and is left."""
        for worker in frozenset(multiprocessing.active_children()) - self.others:
            worker.kill()


def _enter_simulation(target: str, folder: str, cores: SimpleQueue[int]) -> None:
    """Prepare a worker process: one simulation for all its parts, on a core of its own.

    Of its threads one runs at a time: to wake one on another core would only take longer.

    It is never left, so its files are in a folder that the parent removes. Ctrl-C is for the
    parent alone, though the terminal sends it to all.
    """
    global _simulation  # noqa: PLW0603  # a worker process has one simulation, from birth to death
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {cores.get()})
    threading.Thread(target=_die_with_parent, args=(folder,), daemon=True).start()
    _simulation = Simulation(target_named(target), within=folder).__enter__()


def _die_with_parent(folder: str) -> None:
    """End this process when the parent was killed, and do what it did not come to do."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        shutil.rmtree(folder, ignore_errors=True)
        os._exit(1)


def _run_in_worker(part: Part, bound: Bound) -> Findings:
    if _simulation is None:
        raise RuntimeError("a worker ran a part before its simulation was entered")
    return run_part(_simulation, part, bound)


def available_cores() -> tuple[int, ...]:
    """The processors that this process may use, by number."""
    if hasattr(os, "sched_getaffinity"):
        return tuple(sorted(os.sched_getaffinity(0)))
    return tuple(range(os.cpu_count() or 1))
