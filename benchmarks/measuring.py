"""What the benchmarks share: how a thing is timed, and a run of the manager without a harness."""

from __future__ import annotations

import contextlib
import os
import resource
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import Any

from runfaults.model import Journal
from runfaults.sim.database import DatabaseTemplate
from runfaults.targets.genglossary import GenGlossary
from runfaults.temporary import memory_backed_folder


def measure(
    benchmark: Any,  # pytest-benchmark has no types
    action: Callable[[], object],
    *,
    per: int = 1,
    rounds: int = 5,
    warm: int = 1,
) -> None:
    """Time an action; also in CPU seconds, its own processes included, which others disturb less.

    Args:
        benchmark: pytest-benchmark's fixture.
        action: What is timed.
        per: How many units of work it does; the table tells the time of one.
        rounds: How often it is timed; the table takes the fastest.
        warm: How often it is done before that.
    """
    cpu: list[float] = []

    def timed() -> None:
        began = _cpu_seconds()
        action()
        cpu.append(_cpu_seconds() - began)

    benchmark.pedantic(timed, rounds=rounds, warmup_rounds=warm)
    benchmark.extra_info["per"] = per
    benchmark.extra_info["cpu"] = min(cpu[warm:]) / per


@contextlib.contextmanager
def on_one_core() -> Generator[None]:
    """The threads that are started inside stay on one core, as those of a check's process do."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(cores)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)


def _cpu_seconds() -> float:
    """User and system time of this process, and of its children that have ended."""
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


@contextlib.contextmanager
def fresh_databases() -> Generator[Callable[[], Path]]:
    """A function that puts the database into place with which every schedule begins."""
    with tempfile.TemporaryDirectory(prefix="benchmark-", dir=memory_backed_folder()) as name:
        template = DatabaseTemplate(GenGlossary(), name)
        folder = Path(name) / "database"
        folder.mkdir()
        yield lambda: template.restore(folder, Journal.DELETE)


def work(connection: sqlite3.Connection | None, *_: object, **__: object) -> None:
    """Do what the scripted pipeline does when it succeeds."""
    assert connection is not None
    for step in ("first", "second"):
        connection.execute(f"INSERT INTO runfaults_work (step) VALUES ('{step}')")
        connection.commit()


def one_run(database: Path, pipeline: Callable[..., None] = work) -> None:
    """What every clean schedule does: open, start, subscribe, wait, close; on real threads."""
    manager = GenGlossary().open(database, pipeline)
    run = manager.start()
    heard = manager.subscribe(run)
    manager.wait(run)
    assert heard() == "completed"
    manager.close()


def interpreter(
    arguments: Sequence[str], pycache: Path, timeout: float = 300
) -> subprocess.CompletedProcess[str]:
    """Run Python from its start to its end; compiled modules are kept in a folder."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    environment["PYTHONPYCACHEPREFIX"] = str(pycache)
    return subprocess.run(
        [sys.executable, *arguments],
        env=environment,
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
        timeout=timeout,
        check=True,
    )
