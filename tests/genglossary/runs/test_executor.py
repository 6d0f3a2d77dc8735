from __future__ import annotations

import sqlite3
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from genglossary.db.connection import get_connection
from genglossary.db.runs_repository import create_run, get_run
from genglossary.runs.executor import (
    ExecutionContext,
    PipelineCancelledException,
    PipelineExecutor,
    PipelineScope,
    extract_terms,
)

MANAGER = """# Run manager

The run manager starts background runs. A run manager records the outcome of each run.
The owner lock tells a dead process from a slow one.
"""


def found(conn: sqlite3.Connection, run_id: int) -> sqlite3.Row:
    row = get_run(conn, run_id)
    assert row is not None
    return row


@pytest.fixture
def doc_root(tmp_path: Path) -> Any:
    root = tmp_path / "docs"
    (root / "deep").mkdir(parents=True)
    (root / ".hidden").mkdir()
    (root / "manager.md").write_text(MANAGER)
    (root / "deep" / "lock.txt").write_text("The owner lock belongs to one process.")
    (root / "deep" / "empty.md").write_text("")
    (root / "picture.png").write_bytes(b"\x89PNG")
    (root / ".hidden" / "secret.md").write_text("Hidden folders are none of our business.")
    return root


@pytest.fixture
def context(conn: sqlite3.Connection) -> Any:
    run_id = create_run(conn, "full")
    conn.commit()
    lines = []
    return ExecutionContext(run_id, lines.append, Event()), lines


def execute(
    conn: sqlite3.Connection, scope: str, context: Any, doc_root: Path, **options: Any
) -> None:
    executor = PipelineExecutor("ollama", "model", "http://localhost")
    executor.execute(conn, scope, context[0], doc_root=doc_root, **options)
    executor.close()


def column(conn: sqlite3.Connection, sql: str) -> Any:
    return [row[0] for row in conn.execute(sql).fetchall()]


def test_a_full_run_loads_extracts_and_defines(
    conn: sqlite3.Connection, context: Any, doc_root: Path
) -> None:
    execute(conn, "full", context, doc_root)
    assert not conn.in_transaction
    assert column(conn, "SELECT file_name FROM documents") == [
        "deep/empty.md",
        "deep/lock.txt",
        "manager.md",
    ]
    definitions = dict(conn.execute("SELECT term, definition FROM definitions").fetchall())
    assert definitions["run manager"] == "# Run manager"
    assert definitions["owner lock"] == "The owner lock belongs to one process."


def test_a_second_run_replaces_what_the_first_one_found(
    conn: sqlite3.Connection, context: Any, doc_root: Path
) -> None:
    execute(conn, "full", context, doc_root)
    before = [column(conn, f"SELECT count(*) FROM {t}") for t in ("documents", "terms")]
    execute(conn, PipelineScope.FULL, context, doc_root)
    assert [column(conn, f"SELECT count(*) FROM {t}") for t in ("documents", "terms")] == before


def test_scopes_are_parts_of_a_full_run(
    conn: sqlite3.Connection, context: Any, doc_root: Path
) -> None:
    execute(conn, PipelineScope.EXTRACT, context, doc_root)
    assert column(conn, "SELECT count(*) FROM terms") > [0]
    assert column(conn, "SELECT count(*) FROM definitions") == [0]
    execute(conn, PipelineScope.GENERATE, context, doc_root)
    assert column(conn, "SELECT count(*) FROM definitions") > [0]


def test_documents_can_be_chosen(conn: sqlite3.Connection, context: Any, doc_root: Path) -> None:
    conn.execute("INSERT INTO documents VALUES (4, 'a', 'Lock files.'), (5, 'b', 'Owner files.')")
    conn.commit()
    execute(conn, "full", context, doc_root, document_ids=[5])
    assert column(conn, "SELECT DISTINCT document_id FROM terms") == [5]
    with pytest.raises(ValueError, match=r"No documents with ids \[6, 7\]"):
        execute(conn, "full", context, doc_root, document_ids=[7, 5, 6])


def test_progress_is_told_and_written(
    conn: sqlite3.Connection, context: Any, doc_root: Path
) -> None:
    execute(conn, "full", context, doc_root)
    row = found(conn, context[0].run_id)
    assert (row["progress_current"], row["progress_total"], row["current_step"]) == (
        3,
        3,
        "generate",
    )
    assert [line["message"] for line in context[1]][:4] == [
        "load: 0 of 3",
        "load: 1 of 3",
        "load: 2 of 3",
        "extract: 0 of 3",
    ]


def test_a_lock_error_writing_progress_fails_nothing(
    conn: sqlite3.Connection, context: Any, doc_root: Path, faults: Any, error: Any
) -> None:
    faults.arm("execute", error("SQLITE_BUSY"), sql="SET progress_current", times=100)
    execute(conn, "full", context, doc_root)
    assert column(conn, "SELECT count(*) FROM definitions") > [0]


def test_a_progress_transaction_that_cannot_be_ended_is_an_error(
    conn: sqlite3.Connection, context: Any, doc_root: Path, faults: Any, error: Any
) -> None:
    faults.arm("commit", error("SQLITE_BUSY"))
    faults.arm("rollback", error("SQLITE_INTERRUPT"))
    with pytest.raises(sqlite3.OperationalError):
        execute(conn, "full", context, doc_root)
    conn.rollback()


@pytest.mark.parametrize("step", ["load", "extract", "generate"])
def test_a_cancel_is_noticed_between_steps(
    db_path: Path, context: Any, doc_root: Path, step: str
) -> None:
    def cancel_at(line: Any) -> None:
        if line["step"] == step:
            context[0].cancel_event.set()

    cancelling = ExecutionContext(context[0].run_id, cancel_at, context[0].cancel_event)
    with (
        get_connection(db_path) as conn,
        pytest.raises(PipelineCancelledException, match=step),
    ):
        execute(conn, "full", (cancelling,), doc_root)


def test_no_such_scope(conn: sqlite3.Connection, context: Any, doc_root: Path) -> None:
    with pytest.raises(ValueError, match="everything"):
        execute(conn, "everything", context, doc_root)


def test_nothing_has_no_terms() -> None:
    assert extract_terms("") == ()
