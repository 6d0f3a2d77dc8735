"""The scenes that the status contract exists for."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from genglossary.db.connection import get_connection
from genglossary.db.runs_repository import get_run
from genglossary.runs import manager as module


def found(conn: sqlite3.Connection, run_id: int) -> sqlite3.Row:
    row = get_run(conn, run_id)
    assert row is not None
    return row


def active_rows(conn: sqlite3.Connection) -> Any:
    sql = "SELECT count(*) FROM runs WHERE status IN ('pending', 'running')"
    return conn.execute(sql).fetchone()[0]


def start(manager: Any) -> Any:
    run_id = manager.start_run("full")
    return run_id, manager.register_subscriber(run_id)


def test_locked_while_recording_that_a_run_completed(
    make_manager: Callable[..., Any],
    heard: Any,
    signal: Any,
    conn: sqlite3.Connection,
    transitions: Callable[[], list[str]],
) -> None:
    manager = make_manager(lambda c, x: conn.execute("BEGIN IMMEDIATE"))
    run_id, queue = start(manager)
    heard(queue, "Failed to update completed status: database is locked (OperationalError)")
    assert manager.get_run(run_id)["status"] == "running"
    conn.rollback()
    assert signal(queue)["db_status"] == "completed"
    assert transitions() == ["pending", "running", "completed"]


def test_locked_while_recording_a_cancel(
    make_manager: Callable[..., Any],
    heard: Any,
    signal: Any,
    conn: sqlite3.Connection,
    transitions: Callable[[], list[str]],
) -> None:
    def action(c: Any, context: Any) -> None:
        assert manager.cancel_run(context.run_id)
        conn.execute("BEGIN EXCLUSIVE")

    manager = make_manager(action)
    _, queue = start(manager)
    heard(queue, "Failed to update cancelled status: database is locked (OperationalError)")
    conn.rollback()
    assert signal(queue)["db_status"] == "cancelled"
    assert transitions() == ["pending", "running", "cancelled"]


def test_a_commit_that_met_a_reader_does_not_lock_its_own_run_out(
    make_manager: Callable[..., Any], signal: Any, db_path: Path
) -> None:
    # Such a commit leaves a PENDING lock: nobody can even begin to read until it is rolled back.
    def action(c: Any, context: Any) -> None:
        reader = get_connection(db_path)
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM runs").fetchall()
        c.execute("INSERT INTO documents (file_name, content) VALUES ('a.md', '')")
        try:
            c.commit()
        finally:
            reader.close()
            with pytest.raises(sqlite3.OperationalError):
                get_connection(db_path).execute("SELECT * FROM runs")

    manager = make_manager(action)
    run_id, queue = start(manager)
    assert signal(queue)["db_status"] == "failed"
    assert "database is locked" in manager.get_run(run_id)["error_message"]


def test_a_reader_only_delays_a_success(
    make_manager: Callable[..., Any], heard: Any, signal: Any, conn: sqlite3.Connection
) -> None:
    def action(c: Any, context: Any) -> None:
        conn.execute("BEGIN")
        conn.execute("SELECT * FROM runs").fetchall()
        c.execute("INSERT INTO documents (file_name, content) VALUES ('a.md', '')")

    _, queue = start(make_manager(action))
    heard(queue, "Failed to commit the work: database is locked")
    conn.rollback()
    assert signal(queue)["db_status"] == "completed"
    assert len(conn.execute("SELECT * FROM documents").fetchall()) == 1


def test_an_error_that_somebody_keeps_does_not_keep_its_locks(
    make_manager: Callable[..., Any], signal: Any, conn: sqlite3.Connection
) -> None:
    kept = []

    def action(c: Any, context: Any) -> None:
        c.executemany(
            "INSERT INTO documents (file_name, content) VALUES (?, '')", [("a",), ("b",), ("c",)]
        )
        c.commit()
        cursor = c.execute("SELECT * FROM documents")
        cursor.fetchone()
        kept.append(ValueError("kept"))
        raise kept[0]

    _, queue = start(make_manager(action))
    assert signal(queue)["db_status"] == "failed"
    conn.execute("BEGIN EXCLUSIVE")
    assert conn.in_transaction


@pytest.mark.parametrize("operation", ["rollback", "close"])
def test_trouble_with_the_own_connection_does_not_prevent_the_record(
    make_manager: Callable[..., Any],
    signal: Any,
    faults: Any,
    error: Any,
    operation: str,
    transitions: Callable[[], list[str]],
) -> None:
    def action(c: Any, context: Any) -> None:
        c.execute("INSERT INTO documents (file_name, content) VALUES ('a.md', '')")
        faults.arm(operation, error("SQLITE_INTERRUPT"))
        raise ValueError("mine")

    manager = make_manager(action)
    run_id, queue = start(manager)
    assert signal(queue)["db_status"] == "failed"
    assert manager.get_run(run_id)["error_message"] == "mine (ValueError)"
    assert transitions() == ["pending", "running", "failed"]


@pytest.mark.parametrize("name", ["SQLITE_BUSY", "SQLITE_IOERR_WRITE", "SQLITE_FULL"])
@pytest.mark.parametrize("times", [1, 2, 4])
def test_a_start_that_is_delayed_still_starts(
    make_manager: Callable[..., Any],
    signal: Any,
    error: Any,
    transitions: Callable[[], list[str]],
    name: str,
    times: int,
) -> None:
    manager = make_manager()
    start_running = module.update_run_status
    errors = [error(name)] * times

    def update(*arguments: Any, **details: Any) -> Any:
        if errors:
            raise errors.pop()
        return start_running(*arguments, **details)

    with patch.object(module, "update_run_status", side_effect=update):
        _, queue = start(manager)
        assert signal(queue)["db_status"] == "completed"
    assert errors == []
    assert transitions() == ["pending", "running", "completed"]


def test_a_start_that_never_succeeds_is_a_failure_with_its_cause(
    make_manager: Callable[..., Any],
    heard: Any,
    signal: Any,
    error: Any,
    transitions: Callable[[], list[str]],
) -> None:
    manager = make_manager()
    locked = error("SQLITE_BUSY")
    with patch.object(module, "update_run_status", side_effect=locked) as update:
        run_id, queue = start(manager)
        assert signal(queue)["db_status"] == "failed"
    assert update.call_count == 5
    assert manager.get_run(run_id)["error_message"] == "database is locked (OperationalError)"
    assert transitions() == ["pending", "failed"]


def test_a_database_that_is_none_is_not_tried_again(
    make_manager: Callable[..., Any], signal: Any, error: Any
) -> None:
    manager = make_manager()
    broken = error("SQLITE_NOTADB", sqlite3.DatabaseError, "file is not a database")
    with patch.object(module, "get_connection", side_effect=broken) as connect:
        _, queue = start(manager)
        assert signal(queue)["db_status"] == "failed"
    assert connect.call_count == 1


def test_a_cancel_while_the_start_is_delayed_is_a_cancel(
    make_manager: Callable[..., Any],
    signal: Any,
    error: Any,
    transitions: Callable[[], list[str]],
) -> None:
    manager = make_manager()

    def cancel(conn: sqlite3.Connection, run_id: int, status: str, **_: Any) -> None:
        assert manager.cancel_run(run_id)
        raise error("SQLITE_BUSY")

    with patch.object(module, "update_run_status", side_effect=cancel) as update:
        _, queue = start(manager)
        assert signal(queue)["db_status"] == "cancelled"
    assert update.call_count == 1
    assert transitions() == ["pending", "cancelled"]


@pytest.mark.parametrize("times", [1, 2, 4])
@pytest.mark.parametrize(
    "where",
    [
        {"operation": "connect"},
        {"operation": "execute", "sql": "status IN"},
        {"operation": "execute", "sql": "BEGIN IMMEDIATE"},
        {"operation": "execute", "sql": "INSERT INTO runs"},
        {"operation": "commit"},
    ],
)
def test_inserting_a_run_is_retried(
    make_manager: Callable[..., Any],
    signal: Any,
    faults: Any,
    error: Any,
    transitions: Callable[[], list[str]],
    where: dict[str, str],
    times: int,
) -> None:
    manager = make_manager()
    faults.arm(**where, error=error("SQLITE_BUSY"), times=times)
    _, queue = start(manager)
    assert signal(queue)["db_status"] == "completed"
    assert transitions() == ["pending", "running", "completed"]


@pytest.mark.parametrize("times", [1, 3])
def test_an_insert_whose_answer_was_lost_is_not_repeated(
    make_manager: Callable[..., Any],
    signal: Any,
    faults: Any,
    error: Any,
    transitions: Callable[[], list[str]],
    times: int,
) -> None:
    manager = make_manager()
    faults.arm("commit", error("SQLITE_IOERR_DIR_FSYNC"), after=True)
    faults.arm("execute", error("SQLITE_BUSY"), sql="SELECT * FROM runs WHERE id", times=times)
    run_id, queue = start(manager)
    assert signal(queue)["db_status"] == "completed"
    assert run_id == 1
    assert transitions() == ["pending", "running", "completed"]


def test_a_start_that_raises_leaves_no_active_row(
    make_manager: Callable[..., Any],
    signal: Any,
    faults: Any,
    error: Any,
    conn: sqlite3.Connection,
) -> None:
    manager = make_manager()
    faults.arm("commit", error("SQLITE_FULL", text="database or disk is full"), times=5)
    with pytest.raises(sqlite3.OperationalError, match="disk is full"):
        manager.start_run("full")
    assert active_rows(conn) == 0
    assert manager._cancel_events == manager._waiting == manager._completed_runs == {}
    _, queue = start(manager)
    assert signal(queue)["db_status"] == "completed"


@pytest.mark.parametrize("error", [RuntimeError("can't start new thread"), MemoryError()])
def test_nor_if_there_is_no_thread_to_be_had(
    make_manager: Callable[..., Any],
    error: Any,
    conn: sqlite3.Connection,
    transitions: Callable[[], list[str]],
    signal: Any,
) -> None:
    manager = make_manager()
    with (
        patch.object(module.Thread, "start", side_effect=error),
        pytest.raises(type(error)),
    ):
        manager.start_run("full")
    assert transitions() == ["pending", "failed"]
    assert type(error).__name__ in found(conn, 1)["error_message"]
    _, queue = start(manager)
    assert signal(queue)["db_status"] == "completed"


def test_nor_if_the_user_interrupts(
    make_manager: Callable[..., Any], transitions: Callable[[], list[str]], faults: Any
) -> None:
    manager = make_manager()
    faults.arm("commit", KeyboardInterrupt(), after=True)
    with pytest.raises(KeyboardInterrupt):
        manager.start_run("full")
    assert transitions() == ["pending", "failed"]


def test_a_start_waits_for_a_lock(
    make_manager: Callable[..., Any],
    heard: Any,
    signal: Any,
    conn: sqlite3.Connection,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    manager = make_manager()
    conn.execute("BEGIN IMMEDIATE")
    delayed = []
    warn = module.logger.warning

    def release(*arguments: Any) -> None:
        delayed.append(arguments)
        conn.rollback()
        warn(*arguments)

    monkeypatch.setattr(module.logger, "warning", release)
    _, queue = start(manager)
    assert signal(queue)["db_status"] == "completed"
    assert len(delayed) == 1


def test_a_cancel_never_waits_for_the_database(
    make_manager: Callable[..., Any], signal: Any, conn: sqlite3.Connection, heard: Any
) -> None:
    def action(c: Any, context: Any) -> None:
        conn.execute("BEGIN EXCLUSIVE")
        assert manager.cancel_run(context.run_id)

    manager = make_manager(action)
    _, queue = start(manager)
    heard(queue, "trying again")
    conn.rollback()
    assert signal(queue)["db_status"] == "cancelled"


def test_closing_while_the_record_is_delayed_waits_for_it(
    make_manager: Callable[..., Any],
    heard: Any,
    conn: sqlite3.Connection,
    transitions: Callable[[], list[str]],
) -> None:
    manager = make_manager(lambda c, x: conn.execute("BEGIN IMMEDIATE"))
    _, queue = start(manager)
    heard(queue, "trying again")
    assert manager.close(timeout=0) is False
    conn.rollback()
    assert manager.close() is True
    assert transitions() == ["pending", "running", "completed"]


@pytest.mark.parametrize("operation", ["connect", "commit"])
def test_nor_if_the_row_turns_out_to_be_there(
    make_manager: Callable[..., Any],
    faults: Any,
    error: Any,
    conn: sqlite3.Connection,
    transitions: Callable[[], list[str]],
    operation: str,
) -> None:
    manager = make_manager()
    faults.arm("commit", error("SQLITE_INTERRUPT"), after=True)
    faults.arm("execute", error("SQLITE_BUSY"), sql="SELECT * FROM runs WHERE id", times=4)
    faults.arm(operation, error("SQLITE_BUSY"), sql="", times=2 if operation == "commit" else 0)
    with pytest.raises(sqlite3.OperationalError):
        manager.start_run("full")
    assert active_rows(conn) == 0
    assert transitions() == ["pending", "failed"]


def test_a_row_of_another_manager_with_the_id_of_an_undone_insert_is_left_alone(
    make_manager: Callable[..., Any],
    faults: Any,
    error: Any,
    conn: sqlite3.Connection,
    transitions: Callable[[], list[str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first, second = make_manager(), make_manager(lambda c, context: context.cancel_event.wait())
    faults.arm("commit", error("SQLITE_FULL"), rolls_back=True)
    warn = module.logger.warning

    def rival(*arguments: Any) -> None:
        monkeypatch.undo()
        warn(*arguments)
        second.start_run("full")

    monkeypatch.setattr(module.logger, "warning", rival)
    with pytest.raises(RuntimeError, match="already running: 1"):
        first.start_run("full")
    assert active_rows(conn) == 1
    assert second.cancel_run(1)
    second.close()
    assert transitions()[-1] == "cancelled"
    assert "failed" not in transitions()


def test_a_row_that_ended_before_its_thread_got_going_stays_ended(
    make_manager: Callable[..., Any],
    signal: Any,
    transitions: Callable[[], list[str]],
    conn: sqlite3.Connection,
) -> None:
    reached = []
    manager = make_manager(lambda c, x: reached.append(x))
    connect = module.get_connection

    def late(path: str) -> Any:
        conn.execute("UPDATE runs SET status = 'cancelled'")
        conn.commit()
        return connect(path)

    with patch.object(module, "get_connection", side_effect=late):
        _, queue = start(manager)
        assert signal(queue)["db_status"] == "cancelled"
        manager.close()
    assert reached == []
    assert transitions() == ["pending", "cancelled"]


def test_a_cancel_ends_the_wait_for_a_reader_if_late_ones_count(
    make_manager: Callable[..., Any],
    heard: Any,
    signal: Any,
    conn: sqlite3.Connection,
) -> None:
    def action(c: Any, context: Any) -> None:
        conn.execute("BEGIN")
        conn.execute("SELECT * FROM runs").fetchall()
        c.execute("INSERT INTO documents (file_name, content) VALUES ('a.md', '')")

    manager = make_manager(action, late_cancel="cancelled")
    run_id, queue = start(manager)
    heard(queue, "Failed to commit the work")
    assert manager.cancel_run(run_id)
    heard(queue, "Failed to update cancelled status")
    conn.rollback()
    assert signal(queue)["db_status"] == "cancelled"
    assert conn.execute("SELECT * FROM documents").fetchall() == []


def test_a_row_of_the_same_manager_with_the_id_of_an_undone_insert_is_left_alone(
    make_manager: Callable[..., Any],
    faults: Any,
    error: Any,
    transitions: Callable[[], list[str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    manager = make_manager(lambda c, context: context.cancel_event.wait())
    give_up = manager._give_up

    def rival(*arguments: Any) -> None:
        monkeypatch.undo()
        manager.start_run("full")
        give_up(*arguments)

    monkeypatch.setattr(manager, "_give_up", rival)
    faults.arm("commit", error("SQLITE_FULL"), rolls_back=True, times=5)
    with pytest.raises(sqlite3.OperationalError):
        manager.start_run("full")
    queue = manager.register_subscriber(1)
    assert manager.get_run(1)["status"] in {"pending", "running"}
    assert manager.cancel_run(1)
    assert manager.close()
    assert queue.get()["db_status"] == "cancelled"
    assert transitions()[-1] == "cancelled"
    assert "failed" not in transitions()
    assert manager._open_runs == set()
