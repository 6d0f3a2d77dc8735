"""Locks met by pragmas and by first reads, and interrupts that last: planted bugs, and twins."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest

from runfaults.every_fault import every_fault
from runfaults.sqlite import inject


def make(folder: Path) -> None:
    with closing(sqlite3.connect(folder / "db")) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE t (x)")
        connection.execute("INSERT INTO t VALUES (1)")
        connection.commit()


def opened(folder: Path) -> Path:
    return folder / "db"


@contextmanager
def used(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("SELECT 1 FROM t").fetchall()
        yield connection


def add(connection: sqlite3.Connection) -> None:
    with connection:
        connection.execute("INSERT INTO t VALUES (2)")


def leaves_wal_mode_last(path: Path) -> None:
    with used(path) as connection:
        add(connection)
        connection.execute("PRAGMA journal_mode = DELETE")


def leaves_wal_mode_first(path: Path) -> None:
    with used(path) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
        add(connection)


def demands_a_checkpoint(path: Path) -> None:
    with used(path) as connection:
        add(connection)
        if connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
            raise RuntimeError("the log was not truncated")


def asks_for_a_checkpoint(path: Path) -> None:
    with used(path) as connection:
        add(connection)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()


def reads_nothing_where_it_cannot(path: Path) -> list[object]:
    try:
        return reads(path)
    except sqlite3.OperationalError:
        return []


def reads(path: Path) -> list[object]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("SELECT x FROM t").fetchall()


@pytest.mark.parametrize(
    ("planted", "twin"),
    [
        (leaves_wal_mode_last, leaves_wal_mode_first),
        (demands_a_checkpoint, asks_for_a_checkpoint),
        (reads_nothing_where_it_cannot, reads),
    ],
)
def test_a_lock_in_wal_mode_is_met(
    planted: Callable[[Path], object], twin: Callable[[Path], object]
) -> None:
    assert any(each.broken for each in every_fault(make, opened, planted, kinds="busy"))
    assert not any(each.broken for each in every_fault(make, opened, twin, kinds="busy"))


def goes_on(connection: sqlite3.Connection, rows: sqlite3.Cursor) -> None:
    del rows
    connection.rollback()


def ends_its_reading(connection: sqlite3.Connection, rows: sqlite3.Cursor) -> None:
    rows.close()
    connection.rollback()


def left_open(path: Path, recover: Callable[[sqlite3.Connection, sqlite3.Cursor], None]) -> bool:
    """Whether a transaction is open after an interrupt between two rows of a loop."""
    with (
        inject("interrupt at main fetch SELECT t #2"),
        closing(sqlite3.connect(path)) as connection,
    ):
        connection.execute("INSERT INTO t VALUES (2)")
        rows, other = (connection.execute("SELECT x FROM t") for _ in range(2))
        rows.fetchone()
        with pytest.raises(sqlite3.OperationalError, match="interrupted"):
            other.fetchone()
        with suppress(sqlite3.OperationalError):
            recover(connection, rows)
        return connection.in_transaction


def test_an_interrupt_lasts_as_long_as_a_cursor_has_rows(tmp_path: Path) -> None:
    make(tmp_path)
    assert left_open(tmp_path / "db", goes_on)
    assert not left_open(tmp_path / "db", ends_its_reading)


def exclude(path: Path) -> None:
    with closing(sqlite3.connect(path, timeout=0)) as connection:
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        connection.execute("BEGIN EXCLUSIVE")


def test_who_reads_in_wal_mode_is_never_kept_out_by_a_stranger(tmp_path: Path) -> None:
    make(tmp_path)
    with closing(sqlite3.connect(tmp_path / "db", timeout=0)) as reader:
        reader.execute("SELECT x FROM t").fetchall()
        with pytest.raises(sqlite3.OperationalError, match="database is locked"):
            exclude(tmp_path / "db")
    exclude(tmp_path / "db")
