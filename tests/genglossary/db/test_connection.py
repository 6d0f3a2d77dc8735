from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from genglossary.db.connection import (
    BUSY_TIMEOUT_SECONDS,
    database_connection,
    discard,
    get_connection,
    immediate_transaction,
    transaction,
)


def documents(conn: sqlite3.Connection) -> Any:
    return [row["file_name"] for row in conn.execute("SELECT file_name FROM documents").fetchall()]


def add(conn: sqlite3.Connection, name: str) -> None:
    conn.execute("INSERT INTO documents (file_name, content) VALUES (?, '')", (name,))


def test_a_connection_enforces_foreign_keys_and_names_columns(db_path: Path) -> None:
    conn = get_connection(db_path)
    assert conn.execute("PRAGMA foreign_keys").fetchone()[0] == 1
    assert conn.execute("SELECT 1 AS one").fetchone()["one"] == 1


def test_a_connection_waits_for_locks(db_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = {}
    connect = sqlite3.connect

    def spy(database: Any, **options: Any) -> Any:
        asked.update(options)
        return connect(database, **options)

    monkeypatch.setattr(sqlite3, "connect", spy)
    get_connection(db_path).close()
    assert asked["timeout"] == BUSY_TIMEOUT_SECONDS
    get_connection(db_path, busy_timeout=1.5).close()
    assert asked["timeout"] == 1.5


def test_parent_folders_are_made(tmp_path: Path) -> None:
    get_connection(tmp_path / "a" / "b" / "c.db").execute("CREATE TABLE t (x)")
    assert (tmp_path / "a" / "b" / "c.db").is_file()


def test_an_in_memory_database_needs_no_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    get_connection(":memory:").execute("CREATE TABLE t (x)")
    assert list(tmp_path.iterdir()) == []


def test_a_connection_that_cannot_be_prepared_is_closed(
    db_path: Path, faults: Any, error: Any
) -> None:
    faults.arm("execute", error("SQLITE_BUSY"), sql="PRAGMA")
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        get_connection(db_path)
    assert faults.open_connections() == 0


def test_discarding_closes_although_the_rollback_raises(
    db_path: Path, conn: sqlite3.Connection, faults: Any, error: Any
) -> None:
    writer = get_connection(db_path)
    writer.execute("BEGIN IMMEDIATE")
    with pytest.raises(sqlite3.OperationalError):
        conn.execute("BEGIN IMMEDIATE")
    faults.arm("rollback", error("SQLITE_INTERRUPT"))
    discard(writer)
    conn.execute("BEGIN IMMEDIATE")
    assert conn.in_transaction


def test_discarding_frees_the_write_lock_although_a_cursor_is_alive(
    db_path: Path, conn: sqlite3.Connection
) -> None:
    writer = get_connection(db_path)
    writer.execute("BEGIN")
    add(writer, "a.md")
    add(writer, "b.md")
    cursor = writer.execute("SELECT * FROM documents")
    cursor.fetchone()
    discard(writer)
    conn.execute("BEGIN IMMEDIATE")
    assert conn.in_transaction


def test_discarding_survives_a_close_that_raises(db_path: Path, faults: Any, error: Any) -> None:
    conn = get_connection(db_path)
    fault = faults.arm("close", error("SQLITE_IOERR"))
    discard(conn)
    assert fault.times == 0


def test_what_a_block_leaves_uncommitted_is_rolled_back(
    db_path: Path, conn: sqlite3.Connection
) -> None:
    with database_connection(db_path) as other:
        other.execute("BEGIN")
        add(other, "lost.md")
    assert documents(conn) == []


@pytest.mark.parametrize("begin", [transaction, immediate_transaction])
def test_a_transaction_commits(conn: sqlite3.Connection, db_path: Path, begin: Any) -> None:
    with begin(conn):
        add(conn, "kept.md")
    assert not conn.in_transaction
    assert documents(get_connection(db_path)) == ["kept.md"]


@pytest.mark.parametrize("begin", [transaction, immediate_transaction])
@pytest.mark.parametrize("exception", [ValueError, KeyboardInterrupt])
def test_a_transaction_that_raises_is_rolled_back(
    conn: sqlite3.Connection, begin: Any, exception: type[BaseException]
) -> None:
    def work() -> None:
        add(conn, "lost.md")
        raise exception

    with pytest.raises(exception), begin(conn):
        work()
    assert not conn.in_transaction
    assert documents(conn) == []


def test_a_failed_commit_is_rolled_back(conn: sqlite3.Connection, faults: Any, error: Any) -> None:
    faults.arm("commit", error("SQLITE_BUSY"))
    with pytest.raises(sqlite3.OperationalError), transaction(conn):
        add(conn, "lost.md")
    assert not conn.in_transaction


def test_an_inner_transaction_that_raises_leaves_the_outer_one(conn: sqlite3.Connection) -> None:
    def work() -> None:
        add(conn, "lost.md")
        raise ValueError("inner")

    with transaction(conn):
        add(conn, "first.md")
        with pytest.raises(ValueError, match="inner"), transaction(conn):
            work()
        with transaction(conn):
            add(conn, "second.md")
    assert documents(conn) == ["first.md", "second.md"]


def test_an_outer_transaction_that_raises_takes_the_inner_one_with_it(
    conn: sqlite3.Connection,
) -> None:
    def work() -> None:
        with transaction(conn):
            add(conn, "lost.md")
        raise ValueError("outer")

    with pytest.raises(ValueError, match="outer"), transaction(conn):
        work()
    assert documents(conn) == []


@pytest.mark.parametrize("nested", [False, True])
def test_the_first_error_is_heard_although_the_rollback_fails_too(
    conn: sqlite3.Connection, faults: Any, error: Any, nested: Any
) -> None:
    if nested:
        conn.execute("BEGIN")
        faults.arm("execute", error("SQLITE_INTERRUPT", text="interrupted"), sql="ROLLBACK TO")
    else:
        faults.arm("rollback", error("SQLITE_INTERRUPT", text="interrupted"))
    with pytest.raises(ValueError, match="mine") as caught, transaction(conn):
        raise ValueError("mine")
    assert caught.value.__notes__ == ["The rollback failed too: OperationalError: interrupted"]


def test_an_immediate_transaction_excludes_other_writers_from_its_start(
    conn: sqlite3.Connection, db_path: Path
) -> None:
    other = get_connection(db_path)
    with immediate_transaction(conn), pytest.raises(sqlite3.OperationalError, match="locked"):
        other.execute("BEGIN IMMEDIATE")
    other.execute("BEGIN IMMEDIATE")
    assert other.in_transaction
