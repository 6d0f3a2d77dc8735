from __future__ import annotations

import sqlite3
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from genglossary.db.connection import database_connection, get_connection
from genglossary.db.runs_repository import (
    cancel_run,
    complete_run_if_not_cancelled,
    create_run,
    get_run,
)
from genglossary.runs.outcome import COMPLETED
from genglossary.runs.recorder import Recorder, commit_rest
from genglossary.runs.retry import RetryPolicy

ERRORS = [
    ("SQLITE_BUSY", sqlite3.OperationalError),
    ("SQLITE_IOERR_WRITE", sqlite3.OperationalError),
    ("SQLITE_FULL", sqlite3.OperationalError),
    ("SQLITE_CORRUPT", sqlite3.DatabaseError),
    ("SQLITE_NOTADB", sqlite3.DatabaseError),
]


def found(conn: sqlite3.Connection, run_id: int) -> sqlite3.Row:
    row = get_run(conn, run_id)
    assert row is not None
    return row


@pytest.fixture
def run_id(conn: sqlite3.Connection) -> Any:
    run_id = create_run(conn, "full")
    conn.commit()
    return run_id


class Recording:
    """Records that a run completed, counting the delays."""

    def __init__(self, db_path: Path, retry: RetryPolicy, run_id: int) -> None:
        self.recorder = Recorder(partial(database_connection, db_path), retry)
        self.run_id = run_id
        self.delays: list[int] = []
        self.on_delay: Callable[[], Any] = lambda: None

    def __call__(self) -> str | None:
        return self.recorder.record(
            self.run_id,
            COMPLETED,
            lambda conn: complete_run_if_not_cancelled(conn, self.run_id),
            self.delayed,
        )

    def delayed(self, number: int, error: Exception) -> None:
        self.delays.append(number)
        self.on_delay()


@pytest.fixture
def record(db_path: Path, retry: RetryPolicy, run_id: int) -> Recording:
    return Recording(db_path, retry, run_id)


def test_an_outcome_is_recorded(
    record: Recording, conn: sqlite3.Connection, run_id: int, faults: Any
) -> None:
    assert record() == found(conn, run_id)["status"] == "completed"
    assert record.delays == []
    assert faults.open_connections() == 1


@pytest.mark.parametrize(("name", "kind"), ERRORS)
@pytest.mark.parametrize("operation", ["connect", "PRAGMA", "BEGIN", "UPDATE", "commit"])
@pytest.mark.parametrize("times", [1, 2, 3, 4, 6, 20])
def test_no_database_error_changes_it(
    record: Recording,
    faults: Any,
    error: Any,
    transitions: Callable[[], list[str]],
    operation: str,
    name: str,
    kind: Any,
    times: int,
) -> None:
    statement = (
        {"operation": "execute", "sql": operation}
        if operation.isupper()
        else {"operation": operation}
    )
    faults.arm(**statement, error=error(name, kind), times=times)
    assert record() == "completed"
    assert record.delays == list(range(1, times + 1))
    assert transitions() == ["pending", "completed"]


@pytest.mark.parametrize(
    "raised",
    [
        MemoryError(),
        OSError(24, "Too many open files"),
        sqlite3.ProgrammingError("Cannot operate on a closed database."),
    ],
)
@pytest.mark.parametrize("operation", ["connect", "execute", "commit"])
def test_nor_does_any_other(
    record: Recording,
    faults: Any,
    transitions: Callable[[], list[str]],
    raised: BaseException,
    operation: str,
) -> None:
    faults.arm(operation, raised, times=3)
    assert record() == "completed"
    assert transitions() == ["pending", "completed"]


def test_a_lost_acknowledgement_is_harmless(
    record: Recording, faults: Any, error: Any, transitions: Callable[[], list[str]]
) -> None:
    faults.arm("commit", error("SQLITE_IOERR_DIR_FSYNC"), after=True)
    assert record() == "completed"
    assert transitions() == ["pending", "completed"]


@pytest.mark.parametrize("operation", ["rollback", "close"])
def test_trouble_with_letting_go_is_harmless(
    record: Recording, faults: Any, error: Any, transitions: Callable[[], list[str]], operation: str
) -> None:
    faults.arm("commit", error("SQLITE_BUSY"))
    faults.arm(operation, error("SQLITE_INTERRUPT"), times=2)
    assert record() == "completed"
    assert transitions() == ["pending", "completed"]


def test_what_somebody_else_recorded_first_counts(
    record: Recording, conn: sqlite3.Connection, run_id: int
) -> None:
    cancel_run(conn, run_id)
    conn.commit()
    assert record() == "cancelled"


def test_a_deleted_row_ends_the_recording(
    record: Recording, conn: sqlite3.Connection, run_id: int
) -> None:
    conn.execute("DELETE FROM runs WHERE id = ?", (run_id,))
    conn.commit()
    assert record() is None


def test_a_reader_does_not_delay_what_changes_nothing(
    record: Recording, conn: sqlite3.Connection, run_id: int, db_path: Path
) -> None:
    cancel_run(conn, run_id)
    conn.commit()
    reader = get_connection(db_path)
    reader.execute("BEGIN")
    reader.execute("SELECT * FROM runs").fetchall()
    assert record() == "cancelled"
    assert record.delays == []


def test_a_lock_is_waited_for(record: Recording, conn: sqlite3.Connection) -> None:
    conn.execute("BEGIN EXCLUSIVE")
    record.on_delay = lambda: conn.rollback() if len(record.delays) == 30 else None
    assert record() == "completed"
    assert record.delays == list(range(1, 31))


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
