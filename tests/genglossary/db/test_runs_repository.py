from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from freezegun import freeze_time

from genglossary.db.connection import get_connection
from genglossary.db.runs_repository import (
    ACTIVE_STATUSES,
    STATUSES,
    TERMINAL_STATUSES,
    RunUpdateResult,
    cancel_run,
    complete_run_if_not_cancelled,
    create_run,
    fail_run_if_not_terminal,
    get_active_run,
    get_current_or_latest_run,
    get_run,
    interrupt_active_runs,
    list_runs,
    update_run_progress,
    update_run_status,
    update_run_status_if_active,
    update_run_status_if_running,
)

ENDINGS = {
    "cancelled": cancel_run,
    "completed": complete_run_if_not_cancelled,
    "failed": lambda conn, run_id: fail_run_if_not_terminal(conn, run_id, "why"),
    "interrupted": lambda conn, run_id: update_run_status_if_active(conn, run_id, "interrupted"),
}


def identity(row: sqlite3.Row | None) -> int | None:
    return None if row is None else row["id"]


def found(conn: sqlite3.Connection, run_id: int) -> sqlite3.Row:
    row = get_run(conn, run_id)
    assert row is not None
    return row


def a_run(conn: sqlite3.Connection, status: str) -> Any:
    run_id = create_run(conn, "full")
    conn.execute("UPDATE runs SET status = ? WHERE id = ?", (status, run_id))
    return run_id


def test_only_updated_is_true() -> None:
    assert [result for result in RunUpdateResult if result] == [RunUpdateResult.UPDATED]


@freeze_time("2025-03-01 12:00:00")
def test_a_new_run_is_pending(conn: sqlite3.Connection) -> None:
    row = found(conn, create_run(conn, "full", triggered_by="cli"))
    assert (row["status"], row["scope"], row["triggered_by"]) == ("pending", "full", "cli")
    assert row["created_at"] == "2025-03-01T12:00:00+00:00"
    assert row["started_at"] is row["finished_at"] is row["error_message"] is None


def test_nothing_is_committed(conn: sqlite3.Connection, db_path: Path) -> None:
    run_id = create_run(conn, "full")
    update_run_status(conn, run_id, "running")
    cancel_run(conn, run_id)
    assert conn.in_transaction
    assert get_run(get_connection(db_path), run_id) is None


@pytest.mark.parametrize("status", ACTIVE_STATUSES)
@pytest.mark.parametrize("ending", ENDINGS)
def test_an_active_run_can_end(conn: sqlite3.Connection, status: str, ending: Any) -> None:
    run_id = a_run(conn, status)
    with freeze_time("2025-03-01 12:00:00"):
        assert ENDINGS[ending](conn, run_id) is RunUpdateResult.UPDATED
    row = found(conn, run_id)
    assert (row["status"], row["finished_at"]) == (ending, "2025-03-01T12:00:00+00:00")


@pytest.mark.parametrize("status", TERMINAL_STATUSES)
def test_a_terminal_status_is_final(conn: sqlite3.Connection, status: str) -> None:
    run_id = a_run(conn, status)
    before = tuple(found(conn, run_id))
    for end in ENDINGS.values():
        assert end(conn, run_id) is RunUpdateResult.NOT_IN_EXPECTED_STATE
    for other in STATUSES:
        for update in (update_run_status, update_run_status_if_active):
            assert update(conn, run_id, other) is RunUpdateResult.NOT_IN_EXPECTED_STATE
        assert not update_run_status_if_running(conn, run_id, other)
    assert interrupt_active_runs(conn, "gone") == 0
    update_run_progress(conn, run_id, 1, 2, "late")
    assert tuple(found(conn, run_id)) == before


def test_a_pending_run_is_not_running(conn: sqlite3.Connection) -> None:
    run_id = a_run(conn, "pending")
    result = update_run_status_if_running(conn, run_id, "failed")
    assert result is RunUpdateResult.NOT_IN_EXPECTED_STATE
    assert found(conn, run_id)["status"] == "pending"


def test_no_such_run(conn: sqlite3.Connection) -> None:
    assert get_run(conn, 99) is None
    for end in ENDINGS.values():
        assert end(conn, 99) is RunUpdateResult.NOT_FOUND


def test_no_such_status(conn: sqlite3.Connection) -> None:
    with pytest.raises(ValueError, match="No status 'done': a run is pending, running, completed"):
        update_run_status(conn, a_run(conn, "running"), "done")


def test_timestamps_are_stored_in_utc(conn: sqlite3.Connection) -> None:
    run_id = a_run(conn, "pending")
    tokyo = timezone(timedelta(hours=9))
    update_run_status(conn, run_id, "running", started_at=datetime(2025, 1, 1, 9, tzinfo=tokyo))
    assert found(conn, run_id)["started_at"] == "2025-01-01T00:00:00+00:00"


def test_a_timestamp_without_a_zone_is_refused(conn: sqlite3.Connection) -> None:
    with pytest.raises(ValueError, match="has no time zone"):
        update_run_status(conn, a_run(conn, "pending"), "running", started_at=datetime(2025, 1, 1))  # noqa: DTZ001


def test_an_update_keeps_what_it_is_not_given(conn: sqlite3.Connection) -> None:
    run_id = a_run(conn, "pending")
    started = datetime(2025, 1, 1, tzinfo=UTC)
    update_run_status(conn, run_id, "running", started_at=started)
    fail_run_if_not_terminal(conn, run_id, "why")
    row = found(conn, run_id)
    assert (row["started_at"], row["error_message"]) == (started.isoformat(), "why")


def test_progress(conn: sqlite3.Connection) -> None:
    run_id = a_run(conn, "running")
    update_run_progress(conn, run_id, 3, 8, "extract")
    row = found(conn, run_id)
    assert (row["progress_current"], row["progress_total"], row["current_step"]) == (
        3,
        8,
        "extract",
    )


def test_the_active_run_comes_before_a_newer_one(conn: sqlite3.Connection) -> None:
    assert get_active_run(conn) is get_current_or_latest_run(conn) is None
    active = a_run(conn, "running")
    newer = a_run(conn, "completed")
    assert identity(get_active_run(conn)) == identity(get_current_or_latest_run(conn)) == active
    cancel_run(conn, active)
    assert get_active_run(conn) is None
    assert identity(get_current_or_latest_run(conn)) == newer


def test_runs_are_listed_newest_first(conn: sqlite3.Connection) -> None:
    ids = [create_run(conn, "full") for _ in range(3)]
    assert [row["id"] for row in list_runs(conn)] == ids[::-1]
    assert [row["id"] for row in list_runs(conn, limit=1)] == ids[-1:]


def test_interrupting_ends_every_active_run(conn: sqlite3.Connection) -> None:
    ids = [a_run(conn, status) for status in ("pending", "running", "failed")]
    assert interrupt_active_runs(conn, "gone") == 2
    assert [found(conn, run_id)["status"] for run_id in ids] == [
        "interrupted",
        "interrupted",
        "failed",
    ]


def test_the_table_refuses_a_seventh_status(conn: sqlite3.Connection) -> None:
    with pytest.raises(sqlite3.IntegrityError):
        a_run(conn, "done")
