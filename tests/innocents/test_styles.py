"""Right programs that use SQLite in ways that the harness itself could stand in the way of."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Generator
from pathlib import Path

import pytest
from autocommit_threads import Innocent, Runner

from runfaults.model import Schedule, Verdict
from runfaults.oracle.judge import judge
from runfaults.sim.simulation import Simulation
from runfaults.targets.target import Work


class KeepsOthersOut(Runner):
    """No other connection can read before this one is closed."""

    def _connect(self) -> sqlite3.Connection:
        connection = super()._connect()
        connection.execute("PRAGMA locking_mode = exclusive")
        return connection


class KeepsOthersOutAllItsLife(KeepsOthersOut):
    """What it records can be read through its one connection alone."""

    def __init__(self, database: Path, work: Work) -> None:
        self._kept = sqlite3.connect(database, isolation_level=None, check_same_thread=False)
        self._kept.execute("PRAGMA locking_mode = exclusive")
        self._kept.text_factory = bytes
        super().__init__(database, work)

    def _connected(self) -> contextlib.AbstractContextManager[sqlite3.Connection]:
        return contextlib.nullcontext(self._kept)

    def _perform(self, run: int) -> str:
        self._work(self._kept, run)
        return "done"

    def close(self) -> None:
        super().close()
        self._kept.close()


class LeavesWal(Runner):
    """That a file may leave the mode, no other connection may have it open."""

    def _connect(self) -> sqlite3.Connection:
        connection = super()._connect()
        try:
            connection.execute("PRAGMA journal_mode = truncate")
        except BaseException:
            connection.close()
            raise
        return connection


class ClosesNothing(Runner):
    """It leaves that to the interpreter, which may take its time."""

    @contextlib.contextmanager
    def _connected(self) -> Generator[sqlite3.Connection]:
        yield self._connect()


class HasFolder(Runner):
    """It keeps files in a folder beside the database; a new database has none."""

    def __init__(self, database: Path, work: Work) -> None:
        folder = database.parent / "notes"
        folder.mkdir()
        (folder / "opened").touch()
        super().__init__(database, work)


class ClosesAnother(Runner):
    """A cancel closes the connection of the run, which may be waiting for a lock just then."""

    def __init__(self, database: Path, work: Work) -> None:
        self._kept: list[sqlite3.Connection] = []
        super().__init__(database, work)

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._database, isolation_level=None, timeout=4, check_same_thread=False
        )
        self._kept.append(connection)
        return connection

    def cancel(self, run: int) -> bool:
        accepted = super().cancel(run)
        time.sleep(2)
        for connection in self._kept:
            connection.close()
        return accepted


class TellsFirst(KeepsOthersOut):
    """The planted bug: who waits hears of a record that is still to come."""

    def _record(self, run: int, outcome: str) -> None:
        self._tell(run, outcome)
        super()._record(run, outcome)


class TellsFirstAllItsLife(KeepsOthersOutAllItsLife):
    """The same."""

    def _record(self, run: int, outcome: str) -> None:
        self._tell(run, outcome)
        super()._record(run, outcome)


class StaysInTheWay(LeavesWal):
    """The planted bug: a connection of its own has the file open."""

    def __init__(self, database: Path, work: Work) -> None:
        self._other = sqlite3.connect(database, check_same_thread=False)
        self._other.execute("SELECT 1 FROM jobs").fetchall()
        super().__init__(database, work)


class KeepsWhatItDropped(ClosesNothing):
    """The planted bug: nothing will ever close its connections."""

    def _connect(self) -> sqlite3.Connection:
        connection = super()._connect()
        self.__dict__.setdefault("dropped", []).append(connection)
        return connection


LOCKED = "fault interrupt at run commit #3"
"""The transaction stays open, and with it the lock."""

WAITS = "fault busy at run execute BEGIN IMMEDIATE"
"""For as long as the timeout of its connection."""

HEARD = "switch run execute UPDATE jobs to subscribe"
"""Who waits for the end is awake before the record."""


def broken(runner: type[Runner], schedule: str) -> set[str]:
    target = Innocent()
    target.runner = runner
    with Simulation(target) as simulation:
        simulation.play(Schedule.parse(schedule))
        execution = simulation.play(Schedule.parse(schedule))  # a new database has no folders
    assert execution.unreached == ()
    assert execution.refused == ()
    judgements = judge(execution.history)
    assert not [event for event in execution.history.events if "AssertionError" in event.value]
    return {each.rule for each in judgements if each.verdict is Verdict.BROKEN}


@pytest.mark.parametrize(
    ("runner", "schedule"),
    [
        (KeepsOthersOut, "pipeline succeeds"),
        (KeepsOthersOut, "pipeline succeeds; journal wal"),
        (KeepsOthersOutAllItsLife, "pipeline succeeds"),
        (KeepsOthersOutAllItsLife, "pipeline succeeds; journal wal"),
        (LeavesWal, "pipeline succeeds; journal wal"),
        (ClosesNothing, LOCKED),
        (HasFolder, "pipeline succeeds"),
        (ClosesAnother, f"{WAITS}; act cancel at run reach pipeline"),
    ],
)
def test_nothing_is_broken_that_only_the_harness_is_in_the_way_of(
    runner: type[Runner], schedule: str
) -> None:
    assert broken(runner, schedule) == set()


@pytest.mark.parametrize(
    ("runner", "schedule", "rule"),
    [
        (TellsFirst, HEARD, "signal-matches-record"),
        (TellsFirst, f"{HEARD}; journal wal", "signal-matches-record"),
        (TellsFirstAllItsLife, HEARD, "signal-matches-record"),
        (StaysInTheWay, "pipeline succeeds; journal wal", "eventually-terminal"),
        (KeepsWhatItDropped, LOCKED, "eventually-terminal"),
    ],
)
def test_what_is_the_program_s_own_is_broken(
    runner: type[Runner], schedule: str, rule: str
) -> None:
    assert rule in broken(runner, schedule)
