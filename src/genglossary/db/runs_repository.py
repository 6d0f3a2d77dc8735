"""The table of runs: one statement per function, and no function commits.

A run goes from ``pending`` to ``running`` to one of four terminal statuses. Every function that
changes a status names in its ``WHERE`` clause the statuses it may start from, so a terminal
status is final whoever writes next, and writing the same outcome twice does no harm.
"""

import sqlite3
from datetime import UTC, datetime
from enum import Enum

ACTIVE_STATUSES = ("pending", "running")
TERMINAL_STATUSES = ("completed", "cancelled", "failed", "interrupted")
STATUSES = ACTIVE_STATUSES + TERMINAL_STATUSES


class RunUpdateResult(Enum):
    """What an update found. Only `UPDATED` is true."""

    UPDATED = "updated"
    NOT_FOUND = "not found"
    NOT_IN_EXPECTED_STATE = "not in expected state"

    def __bool__(self) -> bool:
        return self is RunUpdateResult.UPDATED


def create_run(
    conn: sqlite3.Connection,
    scope: str,
    triggered_by: str = "api",
    created_at: datetime | None = None,
) -> int:
    """Insert a pending run and return its id."""
    cursor = conn.execute(
        "INSERT INTO runs (scope, status, triggered_by, created_at) VALUES (?, 'pending', ?, ?)",
        (str(scope), triggered_by, _timestamp(created_at or datetime.now(UTC))),
    )
    assert cursor.lastrowid is not None, "SQLite gives every inserted row an id"
    return cursor.lastrowid


def get_run(conn: sqlite3.Connection, run_id: int) -> sqlite3.Row | None:
    """Return the run's row, or None if there is none."""
    return conn.execute("SELECT * FROM runs WHERE id = ?", (run_id,)).fetchone()


def get_active_run(conn: sqlite3.Connection) -> sqlite3.Row | None:
    """Return the pending or running run, the newest if there are several."""
    return conn.execute(
        "SELECT * FROM runs WHERE status IN ('pending', 'running') ORDER BY id DESC LIMIT 1"
    ).fetchone()


def get_current_or_latest_run(conn: sqlite3.Connection) -> sqlite3.Row | None:
    """Return the active run, or else the newest one."""
    return conn.execute(
        "SELECT * FROM runs ORDER BY status IN ('pending', 'running') DESC, id DESC LIMIT 1"
    ).fetchone()


def list_runs(conn: sqlite3.Connection, limit: int | None = None) -> list[sqlite3.Row]:
    """Return the runs, newest first."""
    return conn.execute(
        "SELECT * FROM runs ORDER BY id DESC LIMIT ?", (-1 if limit is None else limit,)
    ).fetchall()


def update_run_status(
    conn: sqlite3.Connection,
    run_id: int,
    status: str,
    started_at: datetime | None = None,
    finished_at: datetime | None = None,
    error_message: str | None = None,
) -> RunUpdateResult:
    """Give an active run another status, and whatever else is not None.

    Raises:
        ValueError: No such status, or a timestamp without a time zone.
    """
    return _update(conn, run_id, status, ACTIVE_STATUSES, started_at, finished_at, error_message)


def update_run_status_if_active(
    conn: sqlite3.Connection,
    run_id: int,
    status: str,
    finished_at: datetime | None = None,
    error_message: str | None = None,
) -> RunUpdateResult:
    """Give a pending or running run another status; a terminal one finishes now by default."""
    return _update(
        conn, run_id, status, ACTIVE_STATUSES, None, finished_at or _end(status), error_message
    )


def update_run_status_if_running(
    conn: sqlite3.Connection,
    run_id: int,
    status: str,
    finished_at: datetime | None = None,
    error_message: str | None = None,
) -> RunUpdateResult:
    """Give a running run another status; a terminal one finishes now by default."""
    return _update(
        conn, run_id, status, ("running",), None, finished_at or _end(status), error_message
    )


def cancel_run(conn: sqlite3.Connection, run_id: int) -> RunUpdateResult:
    """Record that an active run was cancelled."""
    return update_run_status_if_active(conn, run_id, "cancelled")


def complete_run_if_not_cancelled(conn: sqlite3.Connection, run_id: int) -> RunUpdateResult:
    """Record that an active run completed."""
    return update_run_status_if_active(conn, run_id, "completed")


def fail_run_if_not_terminal(
    conn: sqlite3.Connection, run_id: int, error_message: str
) -> RunUpdateResult:
    """Record that an active run failed, and why."""
    return update_run_status_if_active(conn, run_id, "failed", error_message=error_message)


def interrupt_active_runs(conn: sqlite3.Connection, message: str) -> int:
    """Record every active run as interrupted and return how many there were.

    Only for the owner of the database's runs (see `genglossary.runs.ownership`): for anybody
    else an active run may well be alive.
    """
    return conn.execute(
        "UPDATE runs SET status = 'interrupted', finished_at = ?, error_message = ?"
        " WHERE status IN ('pending', 'running')",
        (_timestamp(datetime.now(UTC)), message),
    ).rowcount


def update_run_progress(
    conn: sqlite3.Connection, run_id: int, current: int, total: int, current_step: str = ""
) -> None:
    """Write how far an active run has come: ``current`` of ``total`` units of ``current_step``."""
    conn.execute(
        "UPDATE runs SET progress_current = ?, progress_total = ?, current_step = ?"
        " WHERE id = ? AND status IN ('pending', 'running')",
        (current, total, current_step, run_id),
    )


def _update(
    conn: sqlite3.Connection,
    run_id: int,
    status: str,
    expected: tuple[str, ...],
    started_at: datetime | None,
    finished_at: datetime | None,
    error_message: str | None,
) -> RunUpdateResult:
    if status not in STATUSES:
        raise ValueError(f"No status {status!r}: a run is {', '.join(STATUSES)}.")
    marks = ", ".join("?" * len(expected))
    values = (status, _timestamp(started_at), _timestamp(finished_at), error_message)
    updated = conn.execute(
        "UPDATE runs SET status = ?, started_at = COALESCE(?, started_at),"  # noqa: S608 - marks
        " finished_at = COALESCE(?, finished_at), error_message = COALESCE(?, error_message)"
        f" WHERE id = ? AND status IN ({marks})",
        (*values, run_id, *expected),
    ).rowcount
    if updated:
        return RunUpdateResult.UPDATED
    if get_run(conn, run_id) is None:
        return RunUpdateResult.NOT_FOUND
    return RunUpdateResult.NOT_IN_EXPECTED_STATE


def _end(status: str) -> datetime | None:
    return datetime.now(UTC) if status in TERMINAL_STATUSES else None


def _timestamp(moment: datetime | None) -> str | None:
    if moment is None:
        return None
    if moment.tzinfo is None:
        raise ValueError(f"{moment!r} has no time zone: use datetime.now(UTC).")
    return moment.astimezone(UTC).isoformat()
