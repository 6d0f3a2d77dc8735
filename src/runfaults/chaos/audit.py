"""The audit of a soak: every status that was committed, with SQLite's clock."""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from runfaults.sim.commits import TICK, Transition
from runfaults.sim.run_numbers import RunNumbers
from runfaults.sqlite.engine import real_connect

_CLOCK = """
    DROP TABLE runfaults_audit;
    CREATE TABLE runfaults_audit (
        number INTEGER PRIMARY KEY, run, old TEXT, new TEXT,
        at INTEGER DEFAULT (CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER))
    );
"""
_SAMPLES = 9


@dataclass(frozen=True, slots=True)
class Record:
    """The state of the database when the soak has ended.

    Attributes:
        transitions: The audit, in the order of the commits.
        work: How many pipelines have all of their work in the database.
        complaints: What SQLite's integrity check says of a damaged file.
    """

    transitions: tuple[Transition, ...]
    work: int
    complaints: tuple[str, ...]


def start_clock(database: Path) -> None:
    """Let every row of a fresh database's audit bear the time."""
    with closing(real_connect(database)) as connection:
        connection.executescript(_CLOCK)


def clock_offset() -> int:
    """Nanoseconds from the machine's monotonic clock to SQLite's, which is the wall clock.

    Of several samples the one that took least time counts. A nemesis that moves a process's clock
    moves Python's, not SQLite's.
    """
    samples: list[tuple[int, int]] = []
    for _ in range(_SAMPLES):
        before = time.clock_gettime_ns(time.CLOCK_MONOTONIC)
        wall = time.clock_gettime_ns(time.CLOCK_REALTIME)
        after = time.clock_gettime_ns(time.CLOCK_MONOTONIC)
        samples.append((after - before, wall - (before + after) // 2))
    return min(samples)[1]


def read_record(database: Path, offset: int) -> Record:
    """Read the audit and check the file."""
    with closing(real_connect(database)) as connection:
        checked = [row[0] for row in connection.execute("PRAGMA integrity_check").fetchall()]
        rows = connection.execute(
            "SELECT run, old, new, at FROM runfaults_audit ORDER BY number"
        ).fetchall()
        work = connection.execute(
            "SELECT count(*) FROM runfaults_work WHERE step = 'second'"
        ).fetchone()[0]
    number = RunNumbers().of
    transitions = tuple(
        Transition(run, old or "", new or "", at * TICK - offset)
        for key, old, new, at in rows
        if (run := number(key)) is not None
    )
    return Record(transitions, work, () if checked == ["ok"] else tuple(checked))
