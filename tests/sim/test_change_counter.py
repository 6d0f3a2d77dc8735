"""Whether something was committed is told by the file, without a lock, in every mode but WAL."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from runfaults.explore.job import JOURNALS
from runfaults.model import Journal
from runfaults.sim.database import AuditReader, DatabaseTemplate
from runfaults.targets import target_named

INSERT = "INSERT INTO runs (scope, status, created_at) VALUES ('full', 'pending', '')"


@pytest.fixture(params=JOURNALS)
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return DatabaseTemplate(target_named("genglossary")).restore(tmp_path, request.param)


@pytest.fixture
def connection(path: Path) -> Iterator[sqlite3.Connection]:
    with contextlib.closing(sqlite3.connect(path, timeout=0)) as opened:
        yield opened


@pytest.fixture
def audit(path: Path) -> Iterator[AuditReader]:
    with contextlib.closing(AuditReader(path)) as opened:
        yield opened


def is_wal(connection: sqlite3.Connection) -> bool:
    return connection.execute("PRAGMA journal_mode").fetchone() == (Journal.WAL,)


@pytest.mark.parametrize("ending", ["COMMIT", "ROLLBACK"])
def test_a_commit_changes_it_and_a_rollback_does_not(
    connection: sqlite3.Connection, audit: AuditReader, ending: str
) -> None:
    assert not audit.is_unchanged(), "nothing was read yet"
    audit.transitions()
    connection.execute(INSERT)
    assert audit.is_unchanged() is not is_wal(connection)
    connection.execute(ending)
    if ending == "COMMIT":
        assert not audit.is_unchanged()
        assert audit.transitions(), "it was there to be read"
    assert audit.is_unchanged() is not is_wal(connection)


def test_what_a_lock_hides_is_not_taken_for_nothing(
    connection: sqlite3.Connection, audit: AuditReader
) -> None:
    """`locking_mode=EXCLUSIVE` counts its first transaction alone, and keeps readers out."""
    audit.transitions()
    connection.execute("PRAGMA locking_mode = EXCLUSIVE")
    for committed in range(1, 4):
        connection.execute(INSERT)
        connection.commit()
        assert not audit.is_unchanged()
        found = audit.transitions(keeper=connection)
        assert found is None or len(found) == 1, committed


def test_a_look_keeps_the_locks_of_this_process(
    path: Path, connection: sqlite3.Connection, audit: AuditReader
) -> None:
    """To close the file would release them (SQLite docs, "How To Corrupt", 2.2)."""
    connection.execute("BEGIN IMMEDIATE")
    audit.transitions()
    audit.is_unchanged()
    with (
        contextlib.closing(sqlite3.connect(path, timeout=0)) as other,
        pytest.raises(sqlite3.OperationalError, match="locked"),
    ):
        other.execute("BEGIN IMMEDIATE")


def test_a_file_that_is_gone_tells_nothing(path: Path, audit: AuditReader) -> None:
    path.unlink()
    assert not audit.is_unchanged()
