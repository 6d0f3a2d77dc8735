"""Reads what a dead process left in the database, without touching it."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from runfaults.sim.commits import Transition
from runfaults.sim.run_numbers import RunNumbers
from runfaults.sqlite.engine import real_connect

_COMPANIONS = ("", "-journal", "-wal")


@dataclass(frozen=True, slots=True)
class DatabaseState:
    """The state of a database.

    Attributes:
        transitions: The rows of the audit that are committed.
        steps: The steps of scripted pipelines that are committed.
        complaints: What the integrity and foreign key checks have to say.
        journal: Whether a rollback journal was left beside it: a transaction to be undone.
    """

    transitions: tuple[Transition, ...]
    steps: tuple[str, ...]
    complaints: tuple[str, ...]
    journal: bool = False

    @property
    def runs(self) -> tuple[int, ...]:
        """Every run there has been."""
        return tuple(sorted({run for run, *_ in self.transitions}))

    @property
    def statuses(self) -> dict[int, str]:
        """The last status of each run; empty for a row that was deleted."""
        return {each.run: each.new for each in self.transitions}


def examine(database: Path, scratch: Path) -> DatabaseState:
    """Look at a copy, so that the next life finds the database as it was left.

    A copy without the shared-memory index is complete: SQLite rebuilds that from the log.

    Args:
        database: The database file, which no process may be using.
        scratch: A folder to copy into.
    """
    copy = scratch / database.name
    for companion in _COMPANIONS:
        source, place = _beside(database, companion), _beside(copy, companion)
        place.unlink(missing_ok=True)
        if source.exists():
            shutil.copyfile(source, place)
    _beside(copy, "-shm").unlink(missing_ok=True)
    journal = _beside(database, "-journal").exists()
    with closing(real_connect(copy)) as connection:
        try:
            return _look(connection, journal=journal)
        except sqlite3.DatabaseError as error:
            return DatabaseState((), (), (f"{type(error).__name__}: {error}",), journal)


def _look(connection: sqlite3.Connection, *, journal: bool) -> DatabaseState:
    rows = connection.execute("SELECT run, old, new FROM runfaults_audit ORDER BY number")
    number = RunNumbers().of
    transitions = tuple(
        Transition(run, old or "", new or "")
        for key, old, new in rows.fetchall()
        if (run := number(key)) is not None
    )
    steps = connection.execute("SELECT step FROM runfaults_work ORDER BY id").fetchall()
    return DatabaseState(
        transitions, tuple(step for (step,) in steps), tuple(_complaints(connection)), journal
    )


def _complaints(connection: sqlite3.Connection) -> Iterator[str]:
    for (line,) in connection.execute("PRAGMA integrity_check").fetchall():
        if line != "ok":
            yield str(line)
    for table, row, parent, _ in connection.execute("PRAGMA foreign_key_check").fetchall():
        yield f"row {row} of {table} refers to no row of {parent}"


def _beside(database: Path, companion: str) -> Path:
    return database.with_name(database.name + companion)
