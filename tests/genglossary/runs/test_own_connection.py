from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from genglossary.db.connection import database_connection, get_connection
from genglossary.runs.own_connection import commit_rest, discard
from genglossary.runs.retry import RetryPolicy


def test_discarding_closes_although_the_rollback_raises(
    db_path: Path, conn: sqlite3.Connection, faults: Any, error: Any
) -> None:
    writer = get_connection(db_path)
    writer.execute("BEGIN IMMEDIATE")
    with pytest.raises(sqlite3.OperationalError):
        conn.execute("BEGIN IMMEDIATE")
    faults.arm("rollback", error("SQLITE_INTERRUPT"))
    discard(writer)
    conn.execute("BEGIN IMMEDIATE")
    assert conn.in_transaction


def test_discarding_frees_the_write_lock_although_a_cursor_is_alive(
    db_path: Path, conn: sqlite3.Connection
) -> None:
    writer = get_connection(db_path)
    writer.execute("BEGIN")
    writer.execute("INSERT INTO documents (file_name, content) VALUES ('a', ''), ('b', '')")
    cursor = writer.execute("SELECT * FROM documents")
    cursor.fetchone()
    discard(writer)
    conn.execute("BEGIN IMMEDIATE")
    assert conn.in_transaction


def test_discarding_survives_a_close_that_raises(db_path: Path, faults: Any, error: Any) -> None:
    conn = get_connection(db_path)
    fault = faults.arm("close", error("SQLITE_IOERR"))
    discard(conn)
    assert fault.times == 0


def leave_open(db_path: Path) -> Any:
    conn = get_connection(db_path)
    conn.execute("INSERT INTO documents (file_name, content) VALUES ('a.md', '')")
    return conn


def names(db_path: Path) -> Any:
    with database_connection(db_path) as conn:
        return [row[0] for row in conn.execute("SELECT file_name FROM documents").fetchall()]


def always() -> Any:
    return True


def fail(number: int, error: Any) -> None:
    pytest.fail(f"delayed: {error}")


def test_left_work_is_committed(db_path: Path, retry: RetryPolicy) -> None:
    commit_rest(leave_open(db_path), retry, wanted=always, on_delay=fail)
    assert names(db_path) == ["a.md"]


def test_left_work_that_is_not_wanted_stays_uncommitted(db_path: Path, retry: RetryPolicy) -> None:
    conn = leave_open(db_path)
    commit_rest(conn, retry, wanted=lambda: False, on_delay=fail)
    assert conn.in_transaction


def test_left_work_waits_for_a_reader(
    db_path: Path, retry: RetryPolicy, conn: sqlite3.Connection
) -> None:
    conn.execute("BEGIN")
    conn.execute("SELECT * FROM runs").fetchall()
    delays = []

    def on_delay(number: int, error: Any) -> None:
        delays.append(str(error))
        if number == 3:
            conn.rollback()

    commit_rest(leave_open(db_path), retry, wanted=always, on_delay=on_delay)
    assert delays == ["database is locked"] * 3
    assert names(db_path) == ["a.md"]


def test_a_cursor_left_in_the_middle_is_not_waited_for(db_path: Path, retry: RetryPolicy) -> None:
    conn = leave_open(db_path)
    cursor = conn.execute(
        "INSERT INTO documents (file_name, content) VALUES ('b', ''), ('c', '') RETURNING id"
    )
    assert cursor.fetchone()
    with pytest.raises(sqlite3.OperationalError, match="in progress"):
        commit_rest(conn, retry, wanted=always, on_delay=fail)


@pytest.mark.parametrize(
    "name", ["SQLITE_INTERRUPT", "SQLITE_IOERR_DIR_FSYNC", "SQLITE_IOERR_DELETE_NOENT"]
)
def test_left_work_is_not_lost_with_the_answer(
    db_path: Path, retry: RetryPolicy, faults: Any, error: Any, name: str
) -> None:
    faults.arm("commit", error(name), after=True)
    commit_rest(leave_open(db_path), retry, wanted=always, on_delay=fail)
    assert names(db_path) == ["a.md"]


@pytest.mark.parametrize("name", ["SQLITE_INTERRUPT", "SQLITE_BUSY", "SQLITE_NOMEM"])
def test_left_work_is_committed_as_long_as_its_transaction_lives(
    db_path: Path, retry: RetryPolicy, faults: Any, error: Any, name: str
) -> None:
    fault = MemoryError() if name == "SQLITE_NOMEM" else error(name)
    faults.arm("commit", fault, times=5)
    commit_rest(leave_open(db_path), retry, wanted=always, on_delay=lambda *_: None)
    assert names(db_path) == ["a.md"]


@pytest.mark.parametrize("name", ["SQLITE_FULL", "SQLITE_IOERR_WRITE", "SQLITE_CORRUPT"])
def test_left_work_that_is_lost_is_an_error(
    db_path: Path, retry: RetryPolicy, faults: Any, error: Any, name: str
) -> None:
    faults.arm("commit", error(name), rolls_back=True)
    with pytest.raises(sqlite3.OperationalError):
        commit_rest(leave_open(db_path), retry, wanted=always, on_delay=fail)


def test_left_work_that_violates_a_constraint_is_an_error(
    db_path: Path, retry: RetryPolicy, faults: Any, error: Any
) -> None:
    faults.arm("commit", error("SQLITE_CONSTRAINT", sqlite3.IntegrityError))
    with pytest.raises(sqlite3.IntegrityError):
        commit_rest(leave_open(db_path), retry, wanted=always, on_delay=fail)


def test_a_connection_that_the_pipeline_closed_has_nothing_left(
    db_path: Path, retry: RetryPolicy
) -> None:
    conn = get_connection(db_path)
    conn.close()
    commit_rest(conn, retry, wanted=always, on_delay=fail)
    assert names(db_path) == []
