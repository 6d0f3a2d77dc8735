from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from genglossary.db.connection import get_connection
from genglossary.db.runs_repository import cancel_run, create_run, get_run
from genglossary.runs.manager import RunManager, _Outcome, _Run
from genglossary.runs.ownership import Claim
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


class Recording(RunManager):
    """Records that a run completed, counting the delays."""

    def __init__(self, db_path: Path, retry: RetryPolicy, run_id: int) -> None:
        super().__init__(str(db_path), retry=retry)
        self._run = _Run(Claim(db_path), "full", None, id=run_id)
        self.delays: list[int] = []
        self.on_delay: Callable[[], Any] = lambda: None

    def __call__(self) -> str | None:
        return self._record(self._run, _Outcome("completed"))

    def _delay(self, what: str, run: _Run) -> Any:
        assert (what, run) == ("update completed status", self._run)
        return self.delayed

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


@pytest.mark.parametrize("replaced_by", [None, "", "CREATE TABLE mine (x)"])
def test_a_database_that_is_gone_ends_the_recording(
    record: Recording, conn: sqlite3.Connection, db_path: Path, replaced_by: str | None
) -> None:
    conn.close()
    db_path.unlink()
    if replaced_by is not None:
        get_connection(db_path).executescript(replaced_by)
    assert record() is None
    assert record.delays == []
    assert db_path.exists() is (replaced_by is not None)
