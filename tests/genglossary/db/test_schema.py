from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from genglossary.db.connection import get_connection
from genglossary.db.runs_repository import create_run, get_run, update_run_status
from genglossary.db.schema import SCHEMA_VERSION, get_schema_version, initialize_db

FURNISHED = """
CREATE TABLE runs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    scope TEXT NOT NULL,
    status TEXT NOT NULL DEFAULT 'pending',
    started_at TEXT, finished_at TEXT, triggered_by TEXT NOT NULL DEFAULT 'api',
    error_message TEXT, progress_current INTEGER, progress_total INTEGER, current_step TEXT,
    created_at TEXT NOT NULL,
    colour TEXT
);
CREATE TABLE remarks (run_id INTEGER REFERENCES runs (id) ON DELETE CASCADE, remark TEXT);
CREATE TABLE seen (run_id INTEGER);
CREATE INDEX by_status ON runs (status);
CREATE VIEW blue AS SELECT * FROM runs WHERE colour = 'blue';
CREATE TRIGGER notice AFTER UPDATE ON runs BEGIN INSERT INTO seen VALUES (new.id); END;
INSERT INTO runs (id, scope, status, created_at, colour)
    VALUES (7, 'full', 'running', '2024-01-01', 'blue'), (40, 'full', 'failed', '', '');
DELETE FROM runs WHERE id = 40;
INSERT INTO remarks VALUES (7, 'slow');
"""


def found(conn: sqlite3.Connection, run_id: int) -> sqlite3.Row:
    row = get_run(conn, run_id)
    assert row is not None
    return row


def test_a_new_database_gets_every_table(tmp_path: Path) -> None:
    conn = get_connection(str(tmp_path / "new.db"))
    assert get_schema_version(conn) == 0
    initialize_db(conn)
    assert get_schema_version(conn) == SCHEMA_VERSION
    assert conn.execute("PRAGMA user_version").fetchone()[0] == 0
    assert found(conn, create_run(conn, "full"))["progress_current"] == 0


def test_a_current_database_is_only_read(conn: sqlite3.Connection, db_path: Path) -> None:
    get_connection(str(db_path)).execute("BEGIN IMMEDIATE")
    initialize_db(conn)
    assert conn.total_changes == 0


def test_what_is_there_stays_as_it_is(tmp_path: Path) -> None:
    conn = get_connection(str(tmp_path / "furnished.db"))
    conn.executescript(FURNISHED)
    before = conn.execute("SELECT sql FROM sqlite_master WHERE tbl_name = 'runs'").fetchall()
    initialize_db(conn)
    after = conn.execute("SELECT sql FROM sqlite_master WHERE tbl_name = 'runs'").fetchall()
    assert [row[0] for row in after] == [row[0] for row in before]
    update_run_status(conn, 7, "failed")
    assert conn.execute("SELECT run_id FROM seen").fetchone()[0] == 7
    assert conn.execute("SELECT id FROM blue").fetchone()[0] == 7
    assert create_run(conn, "full") == 41


def test_tables_are_made_all_or_none(tmp_path: Path, faults: Any, error: Any) -> None:
    conn = get_connection(str(tmp_path / "new.db"))
    faults.arm("execute", error("SQLITE_FULL"), sql="definitions")
    with pytest.raises(sqlite3.OperationalError):
        initialize_db(conn)
    assert conn.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0
