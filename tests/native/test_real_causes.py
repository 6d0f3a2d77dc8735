"""Causes that only the real tier uses: what the engine says, and that they are gone afterwards."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from runfaults.sqlite.real.heap_limit import heap_limit
from runfaults.sqlite.real.held_by_process import OtherProcess
from runfaults.sqlite.real.moved_file import moved_away, replaced_by_copy
from runfaults.sqlite.real.recipe import Recipe, Unavailable
from runfaults.sqlite.real.small_disk import filled, small_disk
from runfaults.sqlite.real.system_call import short_write

INSERT = "INSERT INTO t VALUES ('x')"


def connected(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=0, isolation_level=None)
    connection.execute("CREATE TABLE IF NOT EXISTS t (s)").fetchall()
    return connection


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    opened = connected(tmp_path / "x.db")
    yield opened
    opened.close()


def failure(recipe: Recipe, connection: sqlite3.Connection, sql: str = INSERT) -> str:
    with pytest.raises(sqlite3.Error) as caught:
        recipe(connection, lambda: connection.execute(sql).fetchall())
    return caught.value.sqlite_errorname


def count(connection: sqlite3.Connection) -> int:
    return connection.execute("SELECT count(*) FROM t").fetchone()[0]


@pytest.mark.parametrize(
    ("level", "sql"),
    [("reserved", INSERT), ("exclusive", "SELECT * FROM t"), ("shared", "COMMIT")],
)
def test_another_process_really_holds_the_lock(
    level: str, sql: str, connection: sqlite3.Connection
) -> None:
    with OtherProcess() as other:
        if sql == "COMMIT":
            connection.execute("BEGIN")
            connection.execute(INSERT)
        assert failure(other.hold(level), connection, sql) == "SQLITE_BUSY"
        connection.execute(sql).fetchall()
        connection.execute(INSERT)


def test_a_lock_that_the_process_cannot_get_is_unavailable(connection: sqlite3.Connection) -> None:
    connection.execute("BEGIN IMMEDIATE")
    with OtherProcess() as other, pytest.raises(Unavailable, match="reserved lock: database is"):
        other.hold("reserved")(connection, lambda: None)


def test_a_short_write_is_a_full_disk_and_undoes_the_transaction(
    connection: sqlite3.Connection,
) -> None:
    assert failure(short_write(), connection) == "SQLITE_FULL"
    assert count(connection) == 0
    connection.execute(INSERT)
    assert count(connection) == 1


@pytest.mark.parametrize("recipe", [moved_away, replaced_by_copy])
def test_a_file_that_is_not_where_it_was_cannot_be_written(
    recipe: Callable[[Path], Recipe], tmp_path: Path, connection: sqlite3.Connection
) -> None:
    name = failure(recipe(tmp_path / "x.db"), connection)
    assert name == "SQLITE_READONLY_DBMOVED"
    connection.execute(INSERT)
    assert count(connection) == 1


def test_a_disk_that_is_really_full() -> None:
    try:
        with small_disk() as folder:
            connection = connected(folder / "x.db")
            assert failure(filled(folder), connection) == "SQLITE_FULL"
            connection.execute(INSERT)
            assert count(connection) == 1
            connection.close()
    except Unavailable as reason:
        pytest.skip(str(reason))
    assert not folder.exists()


def test_after_a_lack_of_memory_transactions_do_not_spill(
    tmp_path: Path, connection: sqlite3.Connection
) -> None:
    with pytest.raises(MemoryError):
        heap_limit()(connection, lambda: connection.execute("SELECT 1").fetchall())
    connection.execute("BEGIN")
    connection.execute(INSERT)
    reader = sqlite3.connect(tmp_path / "x.db", timeout=0)
    assert count(reader) == 0
    reader.close()
