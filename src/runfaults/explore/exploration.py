"""Runs the parts of a bound, or recalls what they found, and says how far it got."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from runfaults.explore.agenda import Agenda
from runfaults.explore.bound import Bound
from runfaults.explore.findings import Findings
from runfaults.explore.fingerprint import fingerprint
from runfaults.explore.memory import Cache, Journal
from runfaults.explore.order import left_over, likeliest_first
from runfaults.explore.part import Part, further_parts, parts_of
from runfaults.explore.pool import available_cores, run_parts
from runfaults.explore.probe import probe
from runfaults.sim.simulation import Simulation
from runfaults.targets import target_named


class Progress(Protocol):
    """Hears how far an exploration is."""

    def start(self, total: int | None) -> None:
        """So many parts will be run."""
        ...

    def advance(self, count: int = 1, more: int = 0) -> None:
        """So many more are done, and so many have come up that nobody knew of."""
        ...

    def note(self, text: str) -> None:
        """What happens at the moment, in a few words."""
        ...


@dataclass(frozen=True, slots=True)
class Manner:
    """How an exploration is done; none of it changes what a finished one finds.

    Attributes:
        jobs: Number of processes; None for one per core.
        enough: Asked again and again; True ends the exploration early.
        likeliest_first: Run first what is most likely to break a rule.
        cache: Knows what unchanged code was found to do; None to explore it again.
        state: Folder for a journal of the finished parts, which another exploration goes on from.
        cluster: Address of a Dask scheduler whose workers run it; None to run it here.
    """

    jobs: int | None = None
    enough: Callable[[], bool] = lambda: False
    likeliest_first: bool = False
    cache: Cache | None = None
    state: Path | None = None
    cluster: str | None = None


@dataclass(frozen=True, slots=True)
class Exploration:
    """What an exploration found, and how far it got.

    Attributes:
        target: Name of the system under test.
        bound: Which schedules were meant to run.
        found: What was found.
        elapsed: Real seconds that it took.
        not_reached: What was not run, in phrases; empty if it finished.
        interrupted: Whether Ctrl-C ended it.
        remarks: Where findings come from that this exploration did not make itself.
    """

    target: str
    bound: Bound
    found: Findings
    elapsed: float
    not_reached: tuple[str, ...] = ()
    interrupted: bool = False
    remarks: tuple[str, ...] = ()


def explore(
    target: str, bound: Bound, progress: Progress, manner: Manner | None = None
) -> Exploration:
    """Run every schedule of the bound and judge it.

    Args:
        target: Name of the system under test.
        bound: Which schedules.
        progress: Hears how far it is.
        manner: How; the default is on all cores, remembering nothing.

    Raises:
        TargetError: if the target cannot be tested.
        StateError: if the journal is of another exploration.
        ClusterError: if the cluster cannot be used.
    """
    manner = manner or Manner()
    began = time.perf_counter()
    with Simulation(target_named(target)) as simulation:
        probe(simulation)
        remembers = manner.cache is not None or manner.state is not None
        identity = fingerprint(target, bound) if remembers else ""
        known = None if manner.cache is None else manner.cache.find(identity)
        parts = parts_of(simulation, bound) if known is None else []
    if known is not None:
        elapsed = time.perf_counter() - began
        return Exploration(target, bound, known, elapsed, remarks=(_RECALLED,))
    agenda = Agenda(parts, likeliest_first if manner.likeliest_first else None)
    journal = None if manner.state is None else Journal(manner.state, identity)
    found = Findings()
    if journal is not None:
        _recall(journal, agenda, found)
    before = agenda.total - len(agenda)
    interrupted = _run(target, bound, progress, manner, agenda, found, journal)
    if manner.cache is not None and not agenda:
        manner.cache.keep(identity, found)
    return Exploration(
        target,
        bound,
        found,
        time.perf_counter() - began,
        tuple(left_over(agenda, agenda.total)),
        interrupted,
        (f"{before:,} of {agenda.total:,} parts were done before",) if before else (),
    )


def _recall(journal: Journal, agenda: Agenda, found: Findings) -> None:
    """Take over what the journal knows, and what has come up in the parts that it knows."""
    while agenda.waiting:
        part = agenda.take()
        if (its := journal.find(part)) is not None:
            found.merge(its)
            agenda.finish(part, further_parts(part, its))
    agenda.take_back()


def _run(
    target: str,
    bound: Bound,
    progress: Progress,
    manner: Manner,
    agenda: Agenda,
    found: Findings,
    journal: Journal | None,
) -> bool:
    """Run what is left, and cross it off part by part; returns whether Ctrl-C ended it."""
    progress.start(len(agenda))
    with contextlib.ExitStack() as stack:
        if journal is not None:
            stack.callback(journal.close)
        running = _running(target, agenda, bound, manner)
        stack.callback(running.close)
        try:
            for part, its in running:
                if journal is not None:
                    journal.add(part, its)
                found.merge(its)
                progress.advance(more=agenda.finish(part, further_parts(part, its)))
                progress.note(f"{found.verdicts.total():,} schedules")
        except KeyboardInterrupt:
            progress.note("interrupted")
            return True
    return False


def _running(
    target: str, agenda: Agenda, bound: Bound, manner: Manner
) -> Generator[tuple[Part, Findings]]:
    """Run parts where they are meant to run."""
    if manner.cluster is None:
        jobs = manner.jobs or len(available_cores())
        return run_parts(target, agenda, bound, jobs, manner.enough)
    from runfaults.explore.cluster import run_on_cluster

    return run_on_cluster(target, agenda, bound, manner.cluster, manner.enough)


_RECALLED = (
    "no schedule was run: nothing has changed since this exploration was finished the last time, "
    "and its result was kept; --no-cache runs it again"
)
