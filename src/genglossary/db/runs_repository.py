"""The table of runs: one statement per function, and no function commits.

The conditional functions name in their ``WHERE`` clause the statuses they may start from, so a
terminal status is final whichever program writes next, and writing the same outcome twice does no
harm.
"""

import sqlite3
from datetime import UTC, datetime
from enum import Enum

TERMINAL_STATUSES = {"completed", "failed", "cancelled"}
VALID_STATUSES = TERMINAL_STATUSES | {"pending", "running"}


class RunUpdateResult(Enum):
    """What a conditional update found."""

    UPDATED = "updated"
    NOT_FOUND = "not_found"
    NOT_IN_EXPECTED_STATE = "not_in_expected_state"


def create_run(conn: sqlite3.Connection, scope: str, triggered_by: str = "api") -> int:
    """Insert a pending run and return its id."""
    cursor = conn.execute(
        "INSERT INTO runs (scope, triggered_by, created_at) VALUES (?, ?, ?)",
        (scope, triggered_by, _current_utc_iso()),
    )
    if cursor.lastrowid is None:
        raise RuntimeError("Failed to create run: lastrowid is None")
    return cursor.lastrowid


def get_run(conn: sqlite3.Connection, run_id: int) -> sqlite3.Row | None:
    """Return the run's row, or None if there is none."""
    return conn.execute("SELECT * FROM runs WHERE id = ?", (run_id,)).fetchone()


def get_active_run(conn: sqlite3.Connection) -> sqlite3.Row | None:
    """Return the pending or running run, the newest if there are several."""
    return conn.execute(
        "SELECT * FROM runs WHERE status IN ('pending', 'running')"
        " ORDER BY created_at DESC, id DESC LIMIT 1"
    ).fetchone()


def get_current_or_latest_run(conn: sqlite3.Connection) -> sqlite3.Row | None:
    """Return the active run, or else the newest one."""
    return conn.execute(
        "SELECT * FROM runs ORDER BY status IN ('pending', 'running') DESC,"
        " created_at DESC, id DESC LIMIT 1"
    ).fetchone()


def list_runs(conn: sqlite3.Connection) -> list[sqlite3.Row]:
    """Return the runs, newest first."""
    return conn.execute("SELECT * FROM runs ORDER BY created_at DESC").fetchall()


def update_run_status(
    conn: sqlite3.Connection,
    run_id: int,
    status: str,
    started_at: datetime | None = None,
    finished_at: datetime | None = None,
    error_message: str | None = None,
) -> None:
    """Give a run another status, whatever it has, and the times that are not None.

    A run that is active again has no error message.

    Raises:
        ValueError: No such status, or a time without a zone.
    """
    _validate_status(status)
    conn.execute(
        "UPDATE runs SET status = ?, started_at = coalesce(?, started_at),"
        " finished_at = coalesce(?, finished_at),"
        " error_message = CASE WHEN ? THEN coalesce(?, error_message) END WHERE id = ?",
        (
            status,
            _to_iso_string(started_at, "started_at"),
            _to_iso_string(finished_at, "finished_at"),
            status in TERMINAL_STATUSES,
            error_message,
            run_id,
        ),
    )


def update_run_status_if_active(
    conn: sqlite3.Connection,
    run_id: int,
    status: str,
    error_message: str | None = None,
    finished_at: datetime | None = None,
) -> RunUpdateResult:
    """Give a pending or running run a terminal status; it finishes now by default.

    Raises:
        ValueError: No terminal status, or a time without a zone.
    """
    _validate_status(status, TERMINAL_STATUSES)
    updated = conn.execute(
        "UPDATE runs SET status = ?, error_message = ?, finished_at = ?"
        " WHERE id = ? AND status IN ('pending', 'running')",
        (status, error_message, _end(finished_at), run_id),
    )
    return _result(conn, run_id, updated.rowcount)


def update_run_status_if_running(
    conn: sqlite3.Connection, run_id: int, status: str, finished_at: datetime | None = None
) -> RunUpdateResult:
    """Give a running run a terminal status; it finishes now by default.

    Raises:
        ValueError: No terminal status, or a time without a zone.
    """
    _validate_status(status, TERMINAL_STATUSES)
    updated = conn.execute(
        "UPDATE runs SET status = ?, finished_at = ? WHERE id = ? AND status = 'running'",
        (status, _end(finished_at), run_id),
    )
    return _result(conn, run_id, updated.rowcount)


def cancel_run(conn: sqlite3.Connection, run_id: int) -> RunUpdateResult:
    """Record that an active run was cancelled."""
    return update_run_status_if_active(conn, run_id, "cancelled")


def complete_run_if_not_cancelled(conn: sqlite3.Connection, run_id: int) -> RunUpdateResult:
    """Record that a running run completed."""
    return update_run_status_if_running(conn, run_id, "completed")


def fail_run_if_not_terminal(
    conn: sqlite3.Connection, run_id: int, error_message: str
) -> RunUpdateResult:
    """Record that an active run failed, and why."""
    return update_run_status_if_active(conn, run_id, "failed", error_message)


def update_run_progress(
    conn: sqlite3.Connection, run_id: int, current: int, total: int, current_step: str
) -> None:
    """Write how far a run has come: ``current`` of ``total`` units of ``current_step``."""
    conn.execute(
        "UPDATE runs SET progress_current = ?, progress_total = ?, current_step = ? WHERE id = ?",
        (current, total, current_step, run_id),
    )


def _result(conn: sqlite3.Connection, run_id: int, updated: int) -> RunUpdateResult:
    if updated:
        return RunUpdateResult.UPDATED
    if get_run(conn, run_id) is None:
        return RunUpdateResult.NOT_FOUND
    return RunUpdateResult.NOT_IN_EXPECTED_STATE


def _validate_status(status: str, allowed: set[str] | None = None) -> None:
    allowed = allowed or VALID_STATUSES
    if status not in allowed:
        raise ValueError(f"Invalid status: {status}. Must be one of {allowed}")


def _end(moment: datetime | None) -> str:
    return _to_iso_string(moment, "finished_at") or _current_utc_iso()


def _to_iso_string(moment: datetime | None, name: str) -> str | None:
    if moment is None:
        return None
    if moment.utcoffset() is None:
        raise ValueError(f"{name} must be timezone-aware")
    return moment.isoformat(timespec="seconds")


def _current_utc_iso() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
