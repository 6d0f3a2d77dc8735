"""Processes that really die, and others that find what they left."""

from __future__ import annotations

import signal as signals
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from genglossary.db.connection import get_connection
from genglossary.db.runs_repository import create_run, get_active_run, get_run
from genglossary.runs.ownership import is_orphaned

RUN_FOR_EVER = """
import sys
from threading import Event
from genglossary.runs.executor import PipelineExecutor
from genglossary.runs.manager import RunManager

def execute(self, conn, scope, context, **_):
    conn.execute("INSERT INTO documents (file_name, content) VALUES ('half.md', '')")
    print("running", context.run_id, flush=True)
    Event().wait()

PipelineExecutor.execute = execute
RunManager(sys.argv[1]).start_run("full")
Event().wait()
"""

RUN_AND_CLOSE = """
import sys
from genglossary.runs.executor import PipelineExecutor
from genglossary.runs.manager import RunManager

PipelineExecutor.execute = lambda *_, **__: None
manager = RunManager(sys.argv[1])
manager.start_run("full")
manager.close()
print("closed", flush=True)
sys.stdin.read()
"""

LOOK = """
import sys
from genglossary.runs.manager import RunManager
print("ready", flush=True)
sys.stdin.readline()
RunManager(sys.argv[1]).get_active_run()
"""


def found(conn: sqlite3.Connection, run_id: int) -> sqlite3.Row:
    row = get_run(conn, run_id)
    assert row is not None
    return row


@pytest.fixture
def child(db_path: Path) -> Iterator[Any]:
    """Start processes of this database; all are killed in the end."""
    with ExitStack() as stack:

        def start(code: str) -> Any:
            process = stack.enter_context(
                subprocess.Popen(
                    [sys.executable, "-c", code, str(db_path)],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                )
            )
            stack.callback(process.kill)
            return process

        yield start


@pytest.fixture
def orphan(child: Any) -> Any:
    """Leave the row of a run whose process was killed; return its id."""
    process = child(RUN_FOR_EVER)
    run_id = int(process.stdout.readline().split()[1])
    process.send_signal(signals.SIGKILL)
    process.wait()
    return run_id


def test_a_run_whose_process_died_is_interrupted(
    orphan: int,
    make_manager: Callable[..., Any],
    conn: sqlite3.Connection,
    transitions: Callable[[], list[str]],
    signal: Any,
) -> None:
    assert found(conn, orphan)["status"] == "running"
    manager = make_manager()
    assert found(conn, orphan)["status"] == "running"  # Making one touches no database.
    row = manager.get_run(orphan)
    assert row["status"] == "interrupted"
    assert row["finished_at"] is not None
    assert row["error_message"] == (
        "The process that ran this ended before it could record how the run went."
    )
    assert conn.execute("SELECT * FROM documents").fetchall() == []
    assert transitions() == ["pending", "running", "interrupted"]
    assert signal(manager.register_subscriber(orphan))["db_status"] == "interrupted"
    assert manager.get_active_run() is None


def test_it_is_recorded_once_although_many_look_at_once(
    orphan: int, child: Any, transitions: Callable[[], list[str]]
) -> None:
    processes = [child(LOOK) for _ in range(4)]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("\n")
        process.stdin.flush()
    assert [process.wait() for process in processes] == [0] * 4
    assert transitions() == ["pending", "running", "interrupted"]


def test_a_living_run_of_another_process_is_left_alone(
    child: Any,
    make_manager: Callable[..., Any],
    signal: Any,
    transitions: Callable[[], list[str]],
) -> None:
    process = child(RUN_FOR_EVER)
    run_id = int(process.stdout.readline().split()[1])
    manager = make_manager()
    assert manager.get_active_run()["id"] == run_id
    assert manager.get_run(run_id)["status"] == "running"
    with pytest.raises(RuntimeError, match="already running"):
        manager.start_run("full")
    assert manager.cancel_run(run_id) is False
    assert signal(manager.register_subscriber(run_id)) == {"run_id": 1, "complete": True}
    assert transitions() == ["pending", "running"]
    process.send_signal(signals.SIGKILL)
    process.wait()
    assert manager.get_active_run() is None
    assert transitions() == ["pending", "running", "interrupted"]


def test_a_stopped_process_is_not_a_dead_one(
    child: Any, make_manager: Callable[..., Any], transitions: Callable[[], list[str]]
) -> None:
    process = child(RUN_FOR_EVER)
    process.stdout.readline()
    process.send_signal(signals.SIGSTOP)
    assert make_manager().get_active_run()["status"] == "running"
    assert transitions() == ["pending", "running"]


def test_starting_a_run_also_recovers(
    make_manager: Callable[..., Any],
    conn: sqlite3.Connection,
    transitions: Callable[[], list[str]],
    signal: Any,
) -> None:
    manager = make_manager()
    create_run(conn, "full")
    conn.commit()
    queue = manager.register_subscriber(manager.start_run("full"))
    assert signal(queue)["db_status"] == "completed"
    assert transitions() == ["pending", "interrupted", "pending", "running", "completed"]


@pytest.mark.parametrize("lock", ["BEGIN EXCLUSIVE", "BEGIN IMMEDIATE"])
def test_a_locked_database_is_recovered_later(
    make_manager: Callable[..., Any],
    conn: sqlite3.Connection,
    transitions: Callable[[], list[str]],
    lock: str,
) -> None:
    create_run(conn, "full")
    conn.commit()
    manager = make_manager()
    conn.execute(lock)
    if lock == "BEGIN IMMEDIATE":
        assert manager.get_active_run()["status"] == "pending"
    else:
        with pytest.raises(sqlite3.OperationalError):
            manager.get_active_run()
    conn.rollback()
    assert transitions() == ["pending"]
    assert manager.get_active_run() is None
    assert transitions() == ["pending", "interrupted"]


def test_recovery_that_fails_leaves_the_claim_to_others(
    make_manager: Callable[..., Any],
    conn: sqlite3.Connection,
    db_path: Path,
    faults: Any,
    error: Any,
) -> None:
    create_run(conn, "full")
    conn.commit()
    faults.arm("commit", error("SQLITE_FULL"))
    assert make_manager().get_run(1)["status"] == "pending"
    assert get_active_run(conn) is not None
    assert is_orphaned(db_path)


def test_a_database_without_tables_is_left_alone(
    tmp_path: Path, make_manager: Callable[..., Any]
) -> None:
    path = tmp_path / "other.db"
    get_connection(path).execute("CREATE TABLE mine (x)")
    with pytest.raises(sqlite3.OperationalError, match="no such table"):
        make_manager(path=path).get_active_run()
    tables = get_connection(path).execute("SELECT name FROM sqlite_master").fetchall()
    assert [row["name"] for row in tables] == ["mine"]


def test_what_was_recorded_survives_its_process(
    child: Any, make_manager: Callable[..., Any], transitions: Callable[[], list[str]]
) -> None:
    process = child(RUN_AND_CLOSE)
    assert process.stdout.readline() == "closed\n"
    process.send_signal(signals.SIGKILL)
    process.wait()
    assert make_manager().get_run(1)["status"] == "completed"
    assert transitions() == ["pending", "running", "completed"]
