from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from runfaults.sqlite import FaultyConnection, Statement, inject
from runfaults.sqlite.shape import surely_changes_one_row

SCHEMA = """
CREATE TABLE single (id INTEGER PRIMARY KEY, name TEXT UNIQUE, a, b, UNIQUE (a, b));
CREATE TABLE triggered (id INTEGER PRIMARY KEY, a);
CREATE TRIGGER log AFTER UPDATE ON triggered BEGIN SELECT 1; END;
CREATE TABLE audited (id INTEGER PRIMARY KEY, a);
CREATE TRIGGER runfaults_updated AFTER UPDATE ON audited BEGIN SELECT 1; END;
CREATE TABLE parent (id INTEGER PRIMARY KEY, a);
CREATE TABLE child (id INTEGER PRIMARY KEY, parent_id REFERENCES parent (id));
"""


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[FaultyConnection]:
    with inject():
        opened = sqlite3.connect(tmp_path / "x.db")
        assert isinstance(opened, FaultyConnection)
        opened.executescript(SCHEMA)
        yield opened
        opened.close()


@pytest.mark.parametrize(
    ("sql", "one_row"),
    [
        ("UPDATE single SET a = 1 WHERE id = ?", True),
        ("UPDATE single SET a = 1 WHERE ID = ? AND b > 2", True),
        ("UPDATE single SET a = 1 WHERE rowid = ?", True),
        ("DELETE FROM single WHERE name = ?", True),
        ("DELETE FROM single WHERE a = ? AND b = ?", True),
        ("DELETE FROM single WHERE a = ?", False),
        ("UPDATE single SET a = 1", False),
        ("INSERT INTO single (a) VALUES (1)", True),
        ("INSERT INTO single (a) SELECT a FROM single", False),
        ("UPDATE triggered SET a = 1 WHERE id = ?", False),
        ("UPDATE audited SET a = 1 WHERE id = ?", True),
        ("UPDATE parent SET a = 1 WHERE id = ?", False),
        ("INSERT INTO child (parent_id) VALUES (1)", False),
    ],
)
def test_a_statement_of_one_row_is_recognised(
    connection: FaultyConnection, sql: str, *, one_row: bool
) -> None:
    assert surely_changes_one_row(connection, Statement.parse(sql)) is one_row


def test_looking_takes_no_lock_and_loads_no_schema(connection: FaultyConnection) -> None:
    connection.execute("BEGIN")
    surely_changes_one_row(connection, Statement.parse("DELETE FROM single WHERE id = 1"))
    with connection.open_ungated() as other:
        other.execute("BEGIN EXCLUSIVE")
        assert not surely_changes_one_row(
            connection, Statement.parse("DELETE FROM single WHERE id = 1")
        ), "nobody can look"
        other.execute("ROLLBACK")
    other.close()
