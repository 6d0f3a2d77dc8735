"""Runs jobs on all cores; the job of a worker that dies is run again."""

from __future__ import annotations

import contextlib
import multiprocessing
import multiprocessing.util
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
from pathlib import Path

from runfaults.campaign.agenda import Agenda
from runfaults.campaign.campaign import Campaign
from runfaults.campaign.workers import MAX_DEATHS, WorkersDiedError, dispatch
from runfaults.explore.findings import Findings
from runfaults.explore.job import Job
from runfaults.explore.runner import Runner
from runfaults.process_end import HungError, end_when_hung, end_with_parent, how_it_hung
from runfaults.temporary import memory_backed_folder, prefix

_worker: tuple[Campaign, Runner] | None = None


def run_jobs(
    campaign: Campaign,
    agenda: Agenda,
    processes: int,
    should_stop: Callable[[], bool] = lambda: False,
) -> Generator[tuple[Job, Findings]]:
    """Run every job; yields what each found, in the order in which they finish.

    Args:
        campaign: What they belong to.
        agenda: What to run; see `dispatch`.
        processes: Number of processes; 1 runs everything in this one.
        should_stop: Asked again and again, in this process between schedules; True ends it early.

    Raises:
        WorkersDiedError: if processes died `MAX_DEATHS` times.
        HungError: if one hung.
    """
    if processes == 1:
        with campaign.open_player() as player:
            runner = campaign.runner(player)
            runner.should_stop = should_stop
            while agenda.waiting and not should_stop():
                job = agenda.take()
                yield job, campaign.run(runner, job)
        return
    for _ in range(MAX_DEATHS):
        yield from _run_in_pool(campaign, agenda, processes, should_stop)
        if not agenda or should_stop():
            return
    raise WorkersDiedError(
        f"worker processes died {MAX_DEATHS} times with {len(agenda)} jobs left; --jobs 1 shows why"
    )


def _run_in_pool(
    campaign: Campaign, agenda: Agenda, processes: int, should_stop: Callable[[], bool]
) -> Generator[tuple[Job, Findings]]:
    """Run jobs until all are done, a worker dies or it is enough.

    However it ends, no process and no file of a worker is left.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["runfaults.sim.time_machine_alone", "runfaults.campaign.pool"])
    cores: SimpleQueue[int] = context.SimpleQueue()
    for core in islice(cycle(available_cores()), processes):
        cores.put(core)
    others = frozenset(multiprocessing.active_children())
    with tempfile.TemporaryDirectory(
        prefix=prefix(), dir=memory_backed_folder(), ignore_cleanup_errors=True
    ) as folder:
        with (
            ProcessPoolExecutor(
                processes,
                mp_context=context,
                initializer=_begin,
                initargs=(campaign, folder, cores, dict(os.environ)),
            ) as pool,
            contextlib.suppress(BrokenProcessPool),
        ):
            yield from dispatch(_Processes(pool, processes, others), agenda, should_stop)
        _require_none_hung(Path(folder))


def _require_none_hung(folder: Path) -> None:
    for file in folder.glob(f"{_END}*"):
        if hung := how_it_hung(file.read_text(encoding="utf-8", errors="replace")):
            raise HungError(f"a schedule hung: the target {hung}")


_END = "end-"
"""What the names of files begin with in which a worker's end is told."""


@dataclass(frozen=True, slots=True)
class _Processes:
    """Workers that are processes of this machine.

    Attributes:
        pool: Theirs.
        number: How many they are.
        others: Children of this process that are none of them.
    """

    pool: ProcessPoolExecutor
    number: int
    others: frozenset[BaseProcess]

    def capacity(self) -> int:
        """One job to run and one to continue with for each."""
        return 2 * self.number

    def submit(self, job: Job) -> Future[Findings]:
        """Have one of them run a job."""
        return self.pool.submit(_run_in_worker, job)

    def cancel_running(self) -> None:
        """Kill them in the middle of it: the pool sees that they died, and is left."""
        for worker in frozenset(multiprocessing.active_children()) - self.others:
            worker.kill()


def _begin(
    campaign: Campaign, folder: str, cores: SimpleQueue[int], environment: dict[str, str]
) -> None:
    """Prepare a worker process: one player for all its jobs, on a core of its own.

    Of its threads one runs at a time: to wake one on another core would only take longer.

    It is never left, so its files are in a folder that the parent removes. Ctrl-C is for the
    parent alone, though the terminal sends it to all. The server that it was forked from has the
    environment that the parent had when it needed the server first.
    """
    global _worker  # noqa: PLW0603  # a worker process has one player, from birth to death
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ.clear()
    os.environ.update(environment)
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {cores.get()})
    threading.Thread(target=_die_with_parent, args=(folder,), daemon=True).start()
    _end_in_any_case(folder)
    player = campaign.open_player(within=folder).__enter__()
    _worker = campaign, campaign.runner(player)


def _end_in_any_case(folder: str) -> None:
    """Whatever code of the target's keeps on, it keeps neither this process nor its parent."""
    # Threads of the target's that are no daemons would be waited for.
    multiprocessing.util.Finalize(None, os._exit, args=(0,), exitpriority=-1000)
    if hasattr(os, "setpgrp"):
        os.setpgrp()
        end_with_parent(os.getppid())
    end_when_hung(os.open(Path(folder) / f"{_END}{os.getpid()}", os.O_WRONLY | os.O_CREAT))


def _die_with_parent(folder: str) -> None:
    """End this process when the parent was killed, and do what it could not do."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        shutil.rmtree(folder, ignore_errors=True)
        os._exit(1)


def _run_in_worker(job: Job) -> Findings:
    if _worker is None:
        raise RuntimeError("a worker ran a job before its player was opened")
    campaign, runner = _worker
    return campaign.run(runner, job)


def available_cores() -> tuple[int, ...]:
    """The processors that this process may use, by number."""
    if hasattr(os, "sched_getaffinity"):
        return tuple(sorted(os.sched_getaffinity(0)))
    return tuple(range(os.cpu_count() or 1))
