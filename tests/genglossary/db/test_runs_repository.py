from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from freezegun import freeze_time

from genglossary.db.connection import get_connection
from genglossary.db.runs_repository import (
    TERMINAL_STATUSES,
    VALID_STATUSES,
    RunUpdateResult,
    cancel_run,
    complete_run_if_not_cancelled,
    create_run,
    fail_run_if_not_terminal,
    get_active_run,
    get_current_or_latest_run,
    get_run,
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


def test_a_pending_run_is_not_running(conn: sqlite3.Connection) -> None:
    run_id = a_run(conn, "pending")
    result = update_run_status_if_running(conn, run_id, "failed")
    assert result is RunUpdateResult.NOT_IN_EXPECTED_STATE
    assert found(conn, run_id)["status"] == "pending"


def test_no_such_run(conn: sqlite3.Connection) -> None:
    assert get_run(conn, 99) is None
    for end in ENDINGS.values():
        assert end(conn, 99) is RunUpdateResult.NOT_FOUND


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
    conn.execute("UPDATE runs SET created_at = '2025-01-0' || id")
    assert [row["id"] for row in list_runs(conn)] == ids[::-1]


@pytest.mark.parametrize("status", ["pending", "running"])
@pytest.mark.parametrize("ending", ENDINGS)
def test_an_active_run_can_end(conn: sqlite3.Connection, status: str, ending: Any) -> None:
    run_id = a_run(conn, status)
    with freeze_time("2025-03-01 12:00:00"):
        result = ENDINGS[ending](conn, run_id)
    row = found(conn, run_id)
    if (status, ending) == ("pending", "completed"):
        assert (result, row["status"]) == (RunUpdateResult.NOT_IN_EXPECTED_STATE, "pending")
    else:
        assert result is RunUpdateResult.UPDATED
        assert (row["status"], row["finished_at"]) == (ending, "2025-03-01T12:00:00+00:00")


@pytest.mark.parametrize("status", sorted(TERMINAL_STATUSES))
def test_the_conditional_functions_leave_a_terminal_status(
    conn: sqlite3.Connection, status: str
) -> None:
    run_id = a_run(conn, status)
    before = tuple(found(conn, run_id))
    for end in ENDINGS.values():
        assert end(conn, run_id) is RunUpdateResult.NOT_IN_EXPECTED_STATE
    for other in TERMINAL_STATUSES:
        for update in (update_run_status_if_active, update_run_status_if_running):
            assert update(conn, run_id, other) is RunUpdateResult.NOT_IN_EXPECTED_STATE
    assert tuple(found(conn, run_id)) == before


def test_an_unconditional_update_is_one(conn: sqlite3.Connection) -> None:
    run_id = a_run(conn, "failed")
    assert update_run_status(conn, run_id, "running") is None
    assert found(conn, run_id)["status"] == "running"


@pytest.mark.parametrize("status", ["done", "interrupted"])
def test_no_such_status(conn: sqlite3.Connection, status: str) -> None:
    with pytest.raises(ValueError, match=rf"Invalid status: {status}\. Must be one of \{{"):
        update_run_status(conn, a_run(conn, "running"), status)


@pytest.mark.parametrize("update", [update_run_status_if_active, update_run_status_if_running])
@pytest.mark.parametrize("status", sorted(VALID_STATUSES - TERMINAL_STATUSES))
def test_a_conditional_update_only_ends(conn: sqlite3.Connection, update: Any, status: str) -> None:
    with pytest.raises(ValueError, match="Invalid status"):
        update(conn, a_run(conn, "running"), status)


def test_timestamps_keep_their_offset_and_have_whole_seconds(conn: sqlite3.Connection) -> None:
    run_id = a_run(conn, "pending")
    tokyo = timezone(timedelta(hours=9))
    moment = datetime(2025, 1, 1, 9, 0, 0, 123456, tzinfo=tokyo)
    update_run_status(conn, run_id, "running", started_at=moment)
    assert found(conn, run_id)["started_at"] == "2025-01-01T09:00:00+09:00"


@pytest.mark.parametrize("name", ["started_at", "finished_at"])
def test_a_timestamp_without_a_zone_is_refused(conn: sqlite3.Connection, name: str) -> None:
    naive: Any = {name: datetime(2025, 1, 1)}  # noqa: DTZ001
    with pytest.raises(ValueError, match=f"{name} must be timezone-aware"):
        update_run_status(conn, a_run(conn, "pending"), "running", **naive)


def test_an_update_keeps_what_it_is_not_given(conn: sqlite3.Connection) -> None:
    run_id = a_run(conn, "pending")
    started = datetime(2025, 1, 1, tzinfo=UTC)
    update_run_status(conn, run_id, "running", started_at=started)
    fail_run_if_not_terminal(conn, run_id, "why")
    row = found(conn, run_id)
    assert (row["started_at"], row["error_message"]) == (started.isoformat(), "why")
    update_run_status(conn, run_id, "failed")
    assert found(conn, run_id)["error_message"] == "why"
    update_run_status(conn, run_id, "pending")
    assert found(conn, run_id)["error_message"] is None


def test_the_message_comes_before_the_time(conn: sqlite3.Connection) -> None:
    run_id = a_run(conn, "running")
    moment = datetime(2025, 1, 1, tzinfo=UTC)
    update_run_status_if_active(conn, run_id, "failed", "why", moment)
    row = found(conn, run_id)
    assert (row["error_message"], row["finished_at"]) == ("why", "2025-01-01T00:00:00+00:00")
