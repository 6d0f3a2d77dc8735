from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from queue import Empty
from threading import Event, Thread
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import pytest
from freezegun import freeze_time

from genglossary.db.runs_repository import cancel_run, create_run, get_run
from genglossary.runs import manager as module
from genglossary.runs.executor import PipelineCancelledException
from genglossary.runs.manager import RunManager


def found(conn: sqlite3.Connection, run_id: int) -> sqlite3.Row:
    row = get_run(conn, run_id)
    assert row is not None
    return row


@pytest.fixture
def gate() -> Iterator[Any]:
    """A pipeline that tells when it has begun and goes on when told to."""
    begun, go_on = Event(), Event()

    def action(conn: sqlite3.Connection, context: Any) -> None:
        begun.set()
        go_on.wait()

    yield SimpleNamespace(begun=begun, go_on=go_on, action=action)
    go_on.set()


def run(manager: Any, signal: Any) -> Any:
    run_id = manager.start_run("full")
    return run_id, signal(manager.register_subscriber(run_id))["db_status"]


def raising(error: Any) -> Any:
    def action(conn: sqlite3.Connection, context: Any) -> None:
        raise error

    return action


def left_over(manager: Any) -> Any:
    return manager._cancel_events, manager._subscribers, manager._waiting, manager._executors


def test_a_run_that_succeeds_is_completed(
    make_manager: Callable[..., Any], signal: Any, transitions: Callable[[], list[str]]
) -> None:
    manager = make_manager()
    with freeze_time("2025-03-01 12:00:00"):
        run_id, status = run(manager, signal)
    row = manager.get_run(run_id)
    assert status == row["status"] == "completed"
    assert row["created_at"] == row["started_at"] == row["finished_at"]
    assert row["finished_at"] == "2025-03-01T12:00:00+00:00"
    assert transitions() == ["pending", "running", "completed"]
    assert left_over(manager) == ({}, {}, {}, {})


@pytest.mark.parametrize(
    "error",
    [
        ValueError("no"),
        sqlite3.OperationalError("database is locked"),
        SystemExit(1),
        KeyboardInterrupt(),
        MemoryError(),
        GeneratorExit(),
        BaseException("bare"),
    ],
)
def test_whatever_the_pipeline_raises_is_recorded_as_failed(
    make_manager: Callable[..., Any],
    signal: Any,
    transitions: Callable[[], list[str]],
    error: Any,
) -> None:
    manager = make_manager(raising(error))
    run_id, status = run(manager, signal)
    assert status == "failed"
    assert type(error).__name__ in manager.get_run(run_id)["error_message"]
    assert transitions() == ["pending", "running", "failed"]
    manager.close()
    assert left_over(manager) == ({}, {}, {}, {})


def test_a_pipeline_that_says_it_was_cancelled_was(
    make_manager: Callable[..., Any], signal: Any
) -> None:
    assert run(make_manager(raising(PipelineCancelledException())), signal)[1] == "cancelled"


@pytest.mark.parametrize("ending", [None, ValueError("no"), SystemExit(1)])
def test_an_accepted_cancel_is_recorded_however_the_pipeline_ends(
    make_manager: Callable[..., Any],
    signal: Any,
    transitions: Callable[[], list[str]],
    ending: Any,
) -> None:
    def action(conn: sqlite3.Connection, context: Any) -> None:
        assert manager.cancel_run(context.run_id)
        assert context.cancel_event.is_set()
        if ending is not None:
            raise ending

    manager = make_manager(action)
    run_id, status = run(manager, signal)
    assert status == "cancelled"
    assert manager.get_run(run_id)["error_message"] is None
    assert transitions() == ["pending", "running", "cancelled"]


def test_a_cancel_before_the_thread_has_got_going_is_accepted(
    make_manager: Callable[..., Any], signal: Any, transitions: Callable[[], list[str]]
) -> None:
    reached = []
    manager = make_manager(lambda conn, context: reached.append(context))
    threads = []

    def hold_back(**arguments: Any) -> Any:
        thread = Thread(**arguments)
        threads.append(thread)
        return SimpleNamespace(start=lambda: None, join=thread.join, is_alive=thread.is_alive)

    with patch.object(module, "Thread", hold_back):
        run_id = manager.start_run("full")
    queue = manager.register_subscriber(run_id)
    assert manager.cancel_run(run_id)
    threads[0].start()
    assert signal(queue)["db_status"] == "cancelled"
    assert reached == []
    assert transitions() == ["pending", "cancelled"]


def test_nothing_else_can_be_cancelled(make_manager: Callable[..., Any]) -> None:
    assert make_manager().cancel_run(99) is False


def test_a_cancel_that_the_api_wrote_itself_counts(
    make_manager: Callable[..., Any],
    signal: Any,
    gate: Any,
    conn: sqlite3.Connection,
    transitions: Callable[[], list[str]],
) -> None:
    manager = make_manager(gate.action)
    run_id = manager.start_run("full")
    queue = manager.register_subscriber(run_id)
    gate.begun.wait()
    cancel_run(conn, run_id)
    conn.commit()
    gate.go_on.set()
    assert signal(queue)["db_status"] == "cancelled"
    assert transitions() == ["pending", "running", "cancelled"]


def test_a_row_that_was_deleted_ends_the_run(
    make_manager: Callable[..., Any], signal: Any, gate: Any, conn: sqlite3.Connection
) -> None:
    manager = make_manager(gate.action)
    run_id = manager.start_run("full")
    queue = manager.register_subscriber(run_id)
    gate.begun.wait()
    conn.execute("DELETE FROM runs")
    conn.commit()
    gate.go_on.set()
    assert signal(queue) == {"run_id": 1, "complete": True, "status_update_failed": True}
    manager.close()
    assert left_over(manager) == ({}, {}, {}, {})


def write(conn: sqlite3.Connection) -> None:
    conn.execute("INSERT INTO documents (file_name, content) VALUES ('left.md', '')")


def documents(conn: sqlite3.Connection) -> Any:
    return [row[0] for row in conn.execute("SELECT file_name FROM documents").fetchall()]


def test_work_left_open_by_a_success_is_committed(
    make_manager: Callable[..., Any], signal: Any, conn: sqlite3.Connection
) -> None:
    assert run(make_manager(lambda c, x: write(c)), signal)[1] == "completed"
    assert documents(conn) == ["left.md"]


def test_work_left_open_by_a_failure_is_rolled_back(
    make_manager: Callable[..., Any], signal: Any, conn: sqlite3.Connection
) -> None:
    def action(c: Any, x: Any) -> None:
        write(c)
        raise ValueError("no")

    assert run(make_manager(action), signal)[1] == "failed"
    assert documents(conn) == []


def test_work_left_open_by_a_cancelled_run_is_rolled_back(
    make_manager: Callable[..., Any], signal: Any, conn: sqlite3.Connection
) -> None:
    def action(c: Any, context: Any) -> None:
        write(c)
        manager.cancel_run(context.run_id)

    manager = make_manager(action)
    assert run(manager, signal)[1] == "cancelled"
    assert documents(conn) == []


def test_a_pipeline_may_close_its_connection(make_manager: Callable[..., Any], signal: Any) -> None:
    assert run(make_manager(lambda c, x: c.close()), signal)[1] == "completed"


def test_an_executor_that_cannot_be_closed_fails_nothing(
    make_manager: Callable[..., Any], signal: Any
) -> None:
    manager = make_manager()
    manager._make_executor().close = lambda: raising(sqlite3.OperationalError("no"))(None, None)
    assert run(manager, signal)[1] == "completed"


def test_an_executor_that_cannot_be_made_is_a_failure(
    make_manager: Callable[..., Any], signal: Any
) -> None:
    manager = make_manager()
    manager._make_executor = lambda: raising(ValueError("no model"))(None, None)
    run_id, status = run(manager, signal)
    assert status == "failed"
    assert manager.get_run(run_id)["error_message"] == "no model (ValueError)"


def test_one_run_at_a_time(
    make_manager: Callable[..., Any],
    signal: Any,
    gate: Any,
    transitions: Callable[[], list[str]],
) -> None:
    first, second = make_manager(gate.action), make_manager()
    run_id = first.start_run("full")
    queue = first.register_subscriber(run_id)
    gate.begun.wait()
    for manager in (first, second):
        with pytest.raises(RuntimeError, match="Run already running: 1"):
            manager.start_run("full")
    gate.go_on.set()
    assert signal(queue)["db_status"] == "completed"
    assert run(second, signal)[1] == "completed"
    assert transitions() == ["pending", "running", "completed"] * 2


def test_many_starts_at_once_start_one(
    make_manager: Callable[..., Any], gate: Any, transitions: Callable[[], list[str]]
) -> None:
    managers = [make_manager(gate.action) for _ in range(6)]
    answers: list[int | None] = []

    def start(manager: Any) -> None:
        patient: dict[str, Any] = {"start_attempts": 1_000_000, "start_seconds": float("inf")}
        manager._retry = replace(manager._retry, **patient)
        try:
            answers.append(manager.start_run("full"))
        except RuntimeError:
            answers.append(None)

    threads = [Thread(target=start, args=(manager,)) for manager in managers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    gate.go_on.set()
    for manager in managers:
        manager.close()
    assert sorted(answers, key=str) == [1, None, None, None, None, None]
    assert transitions().count("pending") == 1


def test_the_signal_says_that_the_next_run_may_start(
    make_manager: Callable[..., Any], signal: Any
) -> None:
    manager = make_manager()
    assert [run(manager, signal) for _ in range(20)] == [(n + 1, "completed") for n in range(20)]


def test_who_comes_while_the_database_is_locked_is_told_so_and_forgotten(
    make_manager: Callable[..., Any], conn: sqlite3.Connection
) -> None:
    manager = make_manager()
    conn.execute("BEGIN EXCLUSIVE")
    with pytest.raises(sqlite3.OperationalError):
        manager.register_subscriber(1)
    assert manager._subscribers == {}


def test_who_waits_for_a_run_that_never_comes_hears_of_the_close(
    make_manager: Callable[..., Any], signal: Any
) -> None:
    manager = make_manager()
    queue = manager.register_subscriber(42)
    manager._broadcast_log(42, {"message": "line"})
    assert queue.get_nowait() == {"message": "line"}
    manager.close()
    assert signal(queue) == {"run_id": 42, "complete": True}


def test_runs_can_be_looked_up(make_manager: Callable[..., Any], gate: Any, signal: Any) -> None:
    manager = make_manager(gate.action)
    assert manager.get_active_run() is manager.get_current_or_latest_run() is None
    run_id = manager.start_run("full", triggered_by="cli")
    queue = manager.register_subscriber(run_id)
    gate.begun.wait()
    assert manager.get_active_run()["id"] == run_id
    gate.go_on.set()
    signal(queue)
    assert manager.get_active_run() is None
    assert manager.get_current_or_latest_run()["triggered_by"] == "cli"


def test_a_replaced_connection_that_cannot_be_had_is_a_failure(
    make_manager: Callable[..., Any], signal: Any
) -> None:
    manager = make_manager()
    with patch.object(module, "get_connection", side_effect=Exception("no connection")):
        run_id, status = run(manager, signal)
    assert status == "failed"
    assert manager.get_run(run_id)["error_message"] == "no connection (Exception)"


def test_nothing_is_open_after_a_run(
    make_manager: Callable[..., Any], signal: Any, faults: Any
) -> None:
    manager = make_manager(lambda c, x: write(c))
    before = faults.open_connections()
    run(manager, signal)
    manager.close()
    assert faults.open_connections() == before
    assert not manager._thread.is_alive()


def test_a_row_that_nobody_runs_is_no_hindrance(
    make_manager: Callable[..., Any],
    signal: Any,
    conn: sqlite3.Connection,
    transitions: Callable[[], list[str]],
) -> None:
    manager = make_manager()
    create_run(conn, "full")
    conn.commit()
    assert run(manager, signal) == (2, "completed")
    assert transitions() == ["pending", "interrupted", "pending", "running", "completed"]


def test_a_cancel_after_the_decision_is_refused(
    make_manager: Callable[..., Any],
    signal: Any,
    heard: Any,
    conn: sqlite3.Connection,
) -> None:
    manager = make_manager(lambda c, x: conn.execute("BEGIN IMMEDIATE"))
    run_id = manager.start_run("full")
    queue = manager.register_subscriber(run_id)
    heard(queue, "Failed to update completed status: database is locked")
    assert not manager.cancel_run(run_id)
    conn.rollback()
    assert signal(queue)["db_status"] == "completed"
    assert not manager.cancel_run(run_id)


@pytest.mark.parametrize(
    ("late_cancel", "accepted", "status"),
    [("completed", False, "completed"), ("cancelled", True, "cancelled")],
)
def test_what_a_late_cancel_does_is_a_choice(
    make_manager: Callable[..., Any],
    heard: Any,
    signal: Any,
    conn: sqlite3.Connection,
    late_cancel: str,
    accepted: Any,
    status: str,
) -> None:
    def action(c: Any, context: Any) -> None:
        conn.execute("BEGIN")
        conn.execute("SELECT * FROM runs").fetchall()
        write(c)

    manager = make_manager(action, late_cancel=late_cancel)
    run_id = manager.start_run("full")
    queue = manager.register_subscriber(run_id)
    # The pipeline has returned; what it left open waits for the reader.
    heard(queue, "Failed to commit the work")
    assert manager.cancel_run(run_id) is accepted
    if accepted:
        heard(queue, "Failed to update cancelled status")
    conn.rollback()
    assert signal(queue)["db_status"] == status
    assert documents(conn) == ([] if accepted else ["left.md"])


class Blocked:
    """A pipeline in a call that returns, or raises, when its client is closed."""

    def __init__(self, ending: Any = None) -> None:
        self.begun, self.closed = Event(), Event()
        self.ending = ending

    def execute(self, *_: Any, **__: Any) -> None:
        self.begun.set()
        self.closed.wait()
        if self.ending is not None:
            raise self.ending

    def close(self) -> None:
        self.closed.set()


@pytest.mark.parametrize("ending", [None, ConnectionError("client closed"), SystemExit(1)])
def test_a_cancel_closes_the_client_and_what_that_makes_the_pipeline_do_is_no_failure(
    make_manager: Callable[..., Any], signal: Any, ending: Any, transitions: Any
) -> None:
    manager, blocked = make_manager(), Blocked(ending)
    manager._make_executor = lambda: blocked
    run_id = manager.start_run("full")
    queue = manager.register_subscriber(run_id)
    blocked.begun.wait()
    assert manager.cancel_run(run_id)
    assert signal(queue)["db_status"] == "cancelled"
    assert transitions() == ["pending", "running", "cancelled"]


def test_a_client_that_cannot_be_closed_is_cancelled_all_the_same(
    make_manager: Callable[..., Any], gate: Any, signal: Any
) -> None:
    manager = make_manager(gate.action)
    manager._make_executor().close = lambda: raising(OSError("no"))(None, None)
    run_id = manager.start_run("full")
    queue = manager.register_subscriber(run_id)
    gate.begun.wait()
    assert manager.cancel_run(run_id)
    gate.go_on.set()
    assert signal(queue)["db_status"] == "cancelled"


def test_a_cancel_while_the_executor_is_made_ends_the_run_before_the_pipeline(
    make_manager: Callable[..., Any], signal: Any
) -> None:
    reached: list[Any] = []
    manager = make_manager(lambda c, x: reached.append(x))
    executor = manager._make_executor()

    def make() -> Any:
        assert manager.cancel_run(1)
        return executor

    manager._make_executor = make
    assert run(manager, signal) == (1, "cancelled")
    assert reached == []


@pytest.mark.parametrize("same_manager", [True, False])
def test_a_restart_after_an_api_cancel_is_accepted_and_waits_its_turn(
    make_manager: Callable[..., Any],
    gate: Any,
    signal: Any,
    heard: Any,
    conn: sqlite3.Connection,
    same_manager: Any,
) -> None:
    working: list[int] = []

    def action(c: Any, context: Any) -> None:
        working.append(context.run_id)
        if context.run_id == 1:
            gate.action(c, context)
        working.append(-context.run_id)

    first = make_manager(action)
    first.start_run("full")
    gate.begun.wait()
    assert first.cancel_run(1)
    cancel_run(conn, 1)
    conn.commit()
    second = first if same_manager else make_manager(action)
    queue = second.register_subscriber(2)
    assert second.start_run("full") == 2
    heard(queue, "Waiting until the run before has ended")
    assert found(conn, 2)["status"] == "pending"
    with pytest.raises(RuntimeError, match="already running: 2"):
        second.start_run("full")
    gate.go_on.set()
    assert signal(queue)["db_status"] == "completed"
    assert working == [1, -1, 2, -2]


def test_a_restart_that_waits_its_turn_can_be_cancelled(
    make_manager: Callable[..., Any],
    gate: Any,
    signal: Any,
    heard: Any,
    conn: sqlite3.Connection,
    transitions: Any,
) -> None:
    manager = make_manager(gate.action)
    manager.start_run("full")
    gate.begun.wait()
    manager.cancel_run(1)
    cancel_run(conn, 1)
    conn.commit()
    queue = manager.register_subscriber(manager.start_run("full"))
    assert manager.cancel_run(2)
    assert signal(queue)["db_status"] == "cancelled"
    queue = manager.register_subscriber(manager.start_run("full"))
    assert manager.close(timeout=0) is False
    gate.go_on.set()
    assert signal(queue)["db_status"] == "completed"
    assert manager.close() is True
    assert transitions() == [
        *("pending", "running", "cancelled"),
        *("pending", "cancelled"),
        *("pending", "running", "completed"),
    ]


def test_what_a_failure_tells_its_subscribers(
    make_manager: Callable[..., Any], gate: Any, signal: Any
) -> None:
    def action(c: Any, context: Any) -> None:
        gate.action(c, context)
        raise ValueError("no")

    manager = make_manager(action)
    queue = manager.register_subscriber(manager.start_run("full"))
    gate.go_on.set()
    told = queue.get()
    assert "in action" in told.pop("traceback")
    assert told == {"run_id": 1, "level": "error", "message": "Run failed: no (ValueError)"}
    assert queue.get() == {"run_id": 1, "complete": True, "db_status": "failed"}


def test_a_record_that_came_too_late_says_so(
    make_manager: Callable[..., Any], gate: Any, conn: sqlite3.Connection
) -> None:
    manager = make_manager(gate.action)
    queue = manager.register_subscriber(manager.start_run("full"))
    gate.begun.wait()
    cancel_run(conn, 1)
    conn.commit()
    gate.go_on.set()
    skipped = "Completed skipped: run not in expected state"
    assert queue.get() == {"run_id": 1, "level": "info", "message": skipped}


def test_who_comes_late_hears_what_the_database_says(
    make_manager: Callable[..., Any], signal: Any
) -> None:
    manager = make_manager(raising(ValueError("no")))
    run_id, _ = run(manager, signal)
    for late in (manager, make_manager()):
        queue = late.register_subscriber(run_id)
        assert queue.get_nowait() == {"run_id": 1, "complete": True, "db_status": "failed"}
        with pytest.raises(Empty):
            queue.get_nowait()
        assert late._subscribers == {}


def test_lines_of_the_pipeline_reach_subscribers_unchanged(
    make_manager: Callable[..., Any], gate: Any, signal: Any
) -> None:
    said = {"run_id": 1, "message": "step"}

    def action(conn: sqlite3.Connection, context: Any) -> None:
        gate.action(conn, context)
        context.log_callback(said)

    manager = make_manager(action)
    queue = manager.register_subscriber(manager.start_run("full"))
    gate.go_on.set()
    assert queue.get() is said
    assert signal(queue)["db_status"] == "completed"


def test_closing_waits_for_the_record(
    make_manager: Callable[..., Any], gate: Any, conn: sqlite3.Connection
) -> None:
    manager = make_manager(gate.action)
    run_id = manager.start_run("full")
    gate.begun.wait()
    assert manager.close(timeout=0) is False
    gate.go_on.set()
    assert manager.close() is True
    assert found(conn, run_id)["status"] == "completed"


def test_a_closed_manager_starts_nothing(
    make_manager: Callable[..., Any], transitions: Any
) -> None:
    manager = make_manager()
    manager.close()
    with pytest.raises(RuntimeError, match="closed: make another one"):
        manager.start_run("full")
    assert transitions() == []


def test_a_manager_that_only_looks_makes_no_database(tmp_path: Path) -> None:
    RunManager(str(tmp_path / "new" / "g.db"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("asked", ["", "true"])
def test_what_is_passed_to_the_executor(
    db_path: Path, asked: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LLM_DEBUG", asked)
    manager = RunManager(str(db_path), "docs", "openai", "m", "")
    with patch.object(module, "PipelineExecutor") as executor:
        run_id = manager.start_run("extract", document_ids=[3])
        manager.close()
    executor.assert_called_once_with(
        provider="openai",
        model="m",
        base_url=None,
        llm_debug=bool(asked),
        debug_dir=str(db_path.parent / "llm-debug"),
    )
    call = executor().execute.call_args
    assert call.args[1:] == ("extract", call.args[2])
    assert call.args[2].run_id == run_id
    assert call.kwargs == {"doc_root": "docs", "document_ids": [3]}
    executor().close.assert_called_once_with()
