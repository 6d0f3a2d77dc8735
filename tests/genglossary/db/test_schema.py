from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from genglossary.db.connection import get_connection
from genglossary.db.runs_repository import create_run, get_run, update_run_status
from genglossary.db.schema import SCHEMA_VERSION, get_schema_version, initialize_db

VERSION_1 = """
CREATE TABLE runs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    scope TEXT NOT NULL,
    status TEXT NOT NULL DEFAULT 'pending'
        CHECK (status IN ('pending', 'running', 'completed', 'cancelled', 'failed')),
    started_at TEXT,
    finished_at TEXT,
    triggered_by TEXT,
    error_message TEXT,
    progress_current INTEGER,
    progress_total INTEGER,
    current_step TEXT,
    colour TEXT
);
CREATE TABLE remarks (run_id INTEGER REFERENCES runs (id) ON DELETE CASCADE, remark TEXT);
CREATE TABLE seen (run_id INTEGER);
CREATE INDEX by_status ON runs (status);
CREATE TRIGGER notice AFTER UPDATE ON runs BEGIN INSERT INTO seen VALUES (new.id); END;
INSERT INTO runs (id, scope, status, started_at, colour)
    VALUES (7, 'full', 'running', '2024-01-01T00:00:00+00:00', 'blue');
INSERT INTO remarks VALUES (7, 'slow');
PRAGMA user_version = 1;
"""


def found(conn: sqlite3.Connection, run_id: int) -> sqlite3.Row:
    row = get_run(conn, run_id)
    assert row is not None
    return row


@pytest.fixture
def old(tmp_path: Path) -> Any:
    conn = get_connection(tmp_path / "old.db")
    conn.executescript(VERSION_1)
    return conn


def test_a_new_database_gets_every_table(tmp_path: Path) -> None:
    conn = get_connection(tmp_path / "new.db")
    assert get_schema_version(conn) == 0
    initialize_db(conn)
    assert get_schema_version(conn) == SCHEMA_VERSION
    assert found(conn, create_run(conn, "full"))["progress_current"] == 0


def test_a_current_database_is_only_read(conn: sqlite3.Connection, db_path: Path) -> None:
    get_connection(db_path).execute("BEGIN IMMEDIATE")
    initialize_db(conn)
    assert conn.total_changes == 0


def test_a_newer_database_is_left_alone(tmp_path: Path) -> None:
    conn = get_connection(tmp_path / "newer.db")
    conn.execute("PRAGMA user_version = 99")
    initialize_db(conn)
    assert conn.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0


def test_an_old_database_learns_the_sixth_status(old: sqlite3.Connection) -> None:
    with pytest.raises(sqlite3.IntegrityError):
        update_run_status(old, 7, "interrupted")
    old.rollback()
    initialize_db(old)
    assert update_run_status(old, 7, "interrupted")


def test_an_old_database_keeps_what_is_in_it(old: sqlite3.Connection) -> None:
    initialize_db(old)
    row = found(old, 7)
    assert row["created_at"] == row["started_at"] == "2024-01-01T00:00:00+00:00"
    assert row["colour"] == "blue"
    assert old.execute("SELECT remark FROM remarks WHERE run_id = 7").fetchone()[0] == "slow"
    assert old.execute("PRAGMA foreign_key_check").fetchall() == []
    assert old.execute("PRAGMA foreign_keys").fetchone()[0] == 1


def test_an_old_database_keeps_indexes_and_triggers(old: sqlite3.Connection) -> None:
    initialize_db(old)
    update_run_status(old, 7, "failed")
    assert old.execute("SELECT run_id FROM seen").fetchone()[0] == 7
    assert old.execute("SELECT 1 FROM sqlite_master WHERE name = 'by_status'").fetchone()


def test_a_migration_that_fails_changes_nothing(
    old: sqlite3.Connection, faults: Any, error: Any
) -> None:
    faults.arm("execute", error("SQLITE_FULL"), sql="DROP TABLE")
    with pytest.raises(sqlite3.OperationalError):
        initialize_db(old)
    assert get_schema_version(old) == 1
    assert found(old, 7)["colour"] == "blue"
    initialize_db(old)
    assert get_schema_version(old) == SCHEMA_VERSION
