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
    return run_id, signal(manager.register_subscriber(run_id))["status"]


def raising(error: Any) -> Any:
    def action(conn: sqlite3.Connection, context: Any) -> None:
        raise error

    return action


def left_over(manager: Any) -> Any:
    return manager._cancel_events, manager._subscribers, manager._log_stream._open


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
    assert left_over(manager) == ({}, {}, set())


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
    assert manager.get_run(run_id)["error_message"].startswith(type(error).__name__)
    assert transitions() == ["pending", "running", "failed"]
    manager.close()
    assert left_over(manager) == ({}, {}, set())


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
    assert signal(queue)["status"] == "cancelled"
    assert reached == []
    assert transitions() == ["pending", "cancelled"]


def test_a_cancel_after_the_decision_is_refused(
    make_manager: Callable[..., Any],
    signal: Any,
    heard: Any,
    conn: sqlite3.Connection,
    error: Any,
    faults: Any,
) -> None:
    manager = make_manager(lambda c, x: conn.execute("BEGIN IMMEDIATE"))
    run_id = manager.start_run("full")
    queue = manager.register_subscriber(run_id)
    heard(queue, "Recording the outcome of run 1 is delayed")
    assert not manager.cancel_run(run_id)
    conn.rollback()
    assert signal(queue)["status"] == "completed"
    assert not manager.cancel_run(run_id)


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
    assert signal(queue)["status"] == "cancelled"
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
    message = signal(queue)
    assert message["status"] is None
    assert "was deleted" in message["message"]


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
    manager._executor_factory().close = raising(sqlite3.OperationalError("no"))
    assert run(manager, signal)[1] == "completed"


def test_an_executor_that_cannot_be_made_is_a_failure(
    make_manager: Callable[..., Any], signal: Any
) -> None:
    manager = make_manager()
    manager._executor_factory = lambda: raising(ValueError("no model"))(None, None)
    run_id, status = run(manager, signal)
    assert status == "failed"
    assert manager.get_run(run_id)["error_message"] == "ValueError: no model"


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
        with pytest.raises(RuntimeError, match="Run 1 of this database is running"):
            manager.start_run("full")
    gate.go_on.set()
    assert signal(queue)["status"] == "completed"
    assert run(second, signal)[1] == "completed"
    assert transitions() == ["pending", "running", "completed"] * 2


def test_many_starts_at_once_start_one(
    make_manager: Callable[..., Any], gate: Any, transitions: Callable[[], list[str]]
) -> None:
    managers = [make_manager(gate.action) for _ in range(6)]
    answers: list[int | None] = []

    def start(manager: Any) -> None:
        manager._retry = replace(manager._retry, start_attempts=1_000_000)
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


def test_who_comes_late_hears_what_the_database_says(
    make_manager: Callable[..., Any], signal: Any, conn: sqlite3.Connection
) -> None:
    manager = make_manager(raising(ValueError("no")))
    run_id, _ = run(manager, signal)
    queue = make_manager().register_subscriber(run_id)
    message = queue.get_nowait()
    assert message["complete"]
    assert (message["status"], message["level"]) == ("failed", "error")
    assert message["message"] == "Run 1 failed: ValueError: no"
    with pytest.raises(Empty):
        queue.get_nowait()


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
    assert signal(queue)["status"] is None


def test_lines_of_the_pipeline_reach_subscribers(
    make_manager: Callable[..., Any], gate: Any, signal: Any
) -> None:
    def action(conn: sqlite3.Connection, context: Any) -> None:
        gate.action(conn, context)
        context.log_callback({"message": "step"})

    manager = make_manager(action)
    queue = manager.register_subscriber(manager.start_run("full"))
    gate.go_on.set()
    assert queue.get() == {"run_id": 1, "level": "info", "message": "step"}
    assert signal(queue)["status"] == "completed"


def test_closing_waits_for_the_record(
    make_manager: Callable[..., Any], gate: Any, conn: sqlite3.Connection
) -> None:
    with make_manager(gate.action) as manager:
        run_id = manager.start_run("full")
        gate.begun.wait()
        assert manager.close(timeout=0) is False
        gate.go_on.set()
    assert manager.close() is True
    assert found(conn, run_id)["status"] == "completed"


def test_a_closed_manager_starts_nothing(
    make_manager: Callable[..., Any], transitions: Callable[[], list[str]]
) -> None:
    manager = make_manager()
    manager.close()
    with pytest.raises(RuntimeError, match="closed: make another one"):
        manager.start_run("full")
    assert transitions() == []


def test_a_manager_that_is_closed_while_it_starts_leaves_no_active_row(
    make_manager: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
    transitions: Callable[[], list[str]],
) -> None:
    manager = make_manager()
    announce = manager._log_stream.open
    monkeypatch.setattr(manager._log_stream, "open", lambda i: (announce(i), manager.close()))
    with pytest.raises(RuntimeError, match="closed before the run could start"):
        manager.start_run("full")
    assert transitions() == ["pending", "failed"]
    assert left_over(manager) == ({}, {}, set())


def test_a_manager_makes_its_database(tmp_path: Path, signal: Any) -> None:
    with RunManager(tmp_path / "new" / "g.db", doc_root=tmp_path) as manager:
        assert run(manager, signal)[1] == "completed"


def test_a_manager_that_only_looks_makes_no_database(tmp_path: Path) -> None:
    RunManager(tmp_path / "new" / "g.db")
    assert list(tmp_path.iterdir()) == []


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


def test_what_is_passed_to_the_executor(db_path: Path, tmp_path: Path, signal: Any) -> None:
    with (
        patch.object(module, "PipelineExecutor") as executor,
        RunManager(db_path, tmp_path, "openai", "m", "http://llm") as manager,
    ):
        run_id = manager.start_run("extract", document_ids=[3])
    executor.assert_called_once_with(provider="openai", model="m", base_url="http://llm")
    call = executor().execute.call_args
    assert call.args[1] == "extract"
    assert call.args[2].run_id == run_id
    assert call.kwargs == {"doc_root": str(tmp_path), "document_ids": [3]}
    executor().close.assert_called_once_with()


@pytest.mark.parametrize(
    ("name", "ending"),
    [
        ("update_run_status", "completed"),
        ("complete_run_if_not_cancelled", "completed"),
        ("cancel_run", "cancelled"),
        ("update_run_status_if_active", "failed"),
        ("get_connection", "completed"),
        ("database_connection", "completed"),
    ],
)
def test_names_are_looked_up_when_they_are_needed(
    make_manager: Callable[..., Any], signal: Any, name: str, ending: Any
) -> None:
    def action(conn: sqlite3.Connection, context: Any) -> None:
        if ending == "cancelled":
            manager.cancel_run(context.run_id)
        if ending == "failed":
            raise ValueError("no")

    manager = make_manager(action)
    with patch.object(module, name, wraps=getattr(module, name)) as replaced:
        assert run(manager, signal)[1] == ending
        manager._thread.join()
    assert replaced.called


def test_a_replaced_connection_that_cannot_be_had_is_a_failure(
    make_manager: Callable[..., Any], signal: Any
) -> None:
    manager = make_manager()
    with patch.object(module, "get_connection", side_effect=Exception("no connection")):
        run_id, status = run(manager, signal)
    assert status == "failed"
    assert manager.get_run(run_id)["error_message"] == "Exception: no connection"


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
