"""Where SQLite's busy handler would wait, the gate is asked; elsewhere it is not."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from runfaults.sqlite import Call, FaultKind, connections_through, real_connect


class Patient:
    """Waits `patience` times; then it ends what the other connection does, if it is told to."""

    def __init__(self) -> None:
        self.waits: list[int] = []
        self.patience = 2
        self.release: sqlite3.Connection | None = None

    def before(self, call: Call) -> FaultKind | None:
        return None

    def after(self, call: Call, error: BaseException | None) -> None:
        pass

    def busy(self, call: Call, waited: int) -> bool:
        self.waits.append(waited)
        if self.release is not None:
            self.release.rollback()
            return True
        return waited < self.patience


class World:
    def __init__(self, path: Path, journal: str) -> None:
        self.gate = Patient()
        self.other = real_connect(path, timeout=0, isolation_level=None)
        self.other.execute(f"PRAGMA journal_mode = {journal}").fetchall()
        self.other.execute("CREATE TABLE t (a)")
        self.other.execute("INSERT INTO t VALUES (1), (2)")
        with connections_through(self.gate):
            self.connection = sqlite3.connect(path, timeout=5)
        self.connection.gate = self.gate  # type: ignore[attr-defined]

    def close(self) -> None:
        self.connection.close()
        self.other.close()


@pytest.fixture(params=["delete", "wal"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    with closing(World(tmp_path / "x.db", request.param)) as made:
        yield made


def is_locked(world: World, sql: str) -> None:
    with pytest.raises(sqlite3.OperationalError, match="database is locked"):
        world.connection.execute(sql)


@pytest.mark.parametrize("sql", ["BEGIN IMMEDIATE", "UPDATE t SET a = 3"])
def test_a_writer_waits_for_a_writer(world: World, sql: str) -> None:
    world.other.execute("BEGIN IMMEDIATE")
    is_locked(world, sql)
    assert world.gate.waits == [0, 1, 2]


def test_a_writer_goes_on_when_the_lock_is_released(world: World) -> None:
    world.other.execute("BEGIN IMMEDIATE")
    world.gate.release = world.other
    world.connection.execute("UPDATE t SET a = 3")
    assert world.gate.waits == [0]
    assert world.connection.in_transaction


def test_rows_are_inserted_once_although_the_first_had_to_wait(world: World) -> None:
    world.other.execute("BEGIN IMMEDIATE")
    world.gate.release = world.other
    rows = ((n,) for n in (7, 8, 9))
    world.connection.executemany("INSERT INTO t VALUES (?)", rows)
    world.connection.commit()
    assert world.gate.waits == [0]
    assert world.other.execute("SELECT a FROM t WHERE a > 6").fetchall() == [(7,), (8,), (9,)]


def test_one_who_reads_does_not_wait_to_write(world: World) -> None:
    world.connection.execute("BEGIN")
    world.connection.execute("SELECT a FROM t").fetchall()
    world.other.execute("BEGIN IMMEDIATE")
    is_locked(world, "UPDATE t SET a = 3")
    assert world.gate.waits == []


def test_one_with_an_unfinished_cursor_does_not_wait_to_write(world: World) -> None:
    cursor = world.connection.execute("SELECT a FROM t")
    cursor.fetchone()
    world.other.execute("BEGIN IMMEDIATE")
    is_locked(world, "UPDATE t SET a = 3")
    assert world.gate.waits == []


def test_one_whose_cursor_is_finished_waits_to_write(world: World) -> None:
    cursor = world.connection.execute("SELECT a FROM t LIMIT 1")
    cursor.fetchone()
    world.other.execute("BEGIN IMMEDIATE")
    is_locked(world, "UPDATE t SET a = 3")
    assert world.gate.waits == [0, 1, 2]


def test_a_snapshot_out_of_date_is_not_waited_for(tmp_path: Path) -> None:
    with closing(World(tmp_path / "x.db", "wal")) as world:
        world.connection.execute("BEGIN")
        world.connection.execute("SELECT a FROM t").fetchall()
        world.other.execute("UPDATE t SET a = 9")
        with pytest.raises(sqlite3.OperationalError) as raised:
            world.connection.execute("UPDATE t SET a = 3")
        assert raised.value.sqlite_errorname == "SQLITE_BUSY_SNAPSHOT"
        assert world.gate.waits == []


def test_a_commit_waits_for_a_reader_and_then_commits(tmp_path: Path) -> None:
    with closing(World(tmp_path / "x.db", "delete")) as world:
        world.connection.execute("UPDATE t SET a = 3")
        world.other.execute("BEGIN")
        world.other.execute("SELECT a FROM t").fetchall()
        with pytest.raises(sqlite3.OperationalError, match="database is locked"):
            world.connection.commit()
        assert world.gate.waits == [0, 1, 2]
        world.gate.release = world.other
        world.connection.commit()
        assert not world.connection.in_transaction


def test_a_commit_does_not_wait_for_its_own_statement(world: World) -> None:
    cursor = world.connection.execute("INSERT INTO t VALUES (3), (4) RETURNING a")
    with pytest.raises(sqlite3.OperationalError, match="SQL statements in progress"):
        world.connection.commit()
    assert world.gate.waits == []
    cursor.fetchall()


def test_without_a_timeout_nobody_waits(world: World) -> None:
    world.connection.execute("PRAGMA busy_timeout = 0")
    world.other.execute("BEGIN IMMEDIATE")
    is_locked(world, "UPDATE t SET a = 3")
    assert world.gate.waits == []


def test_the_program_sees_the_timeout_it_set(world: World) -> None:
    ask = "PRAGMA busy_timeout"
    assert world.connection.execute(ask).fetchone() == (5000,)
    assert world.connection.execute(f"{ask} = 1234").fetchone() == (1234,)
    assert world.connection.execute(ask).fetchone() == (1234,)
    assert world.connection.busy_timeout == 1.234  # type: ignore[attr-defined]
    assert sqlite3.Cursor(world.connection).execute(ask).fetchone() == (0,)
