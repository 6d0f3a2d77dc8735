from __future__ import annotations

import pytest

from runfaults.model import Operation
from runfaults.sqlite import Statement


@pytest.mark.parametrize(
    ("sql", "subject"),
    [
        ("UPDATE runs SET status = ? WHERE id = ?", "UPDATE runs"),
        ("update or ignore main.runs set a = 1", "UPDATE runs"),
        ('-- why\n/* and how */ INSERT INTO "my runs" VALUES (1)', "INSERT my_runs"),
        ("INSERT OR REPLACE INTO runs VALUES (1)", "INSERT runs"),
        ("DELETE FROM runs", "DELETE runs"),
        ("REPLACE INTO [runs] VALUES (1)", "REPLACE runs"),
        ("WITH old AS (SELECT id FROM log) UPDATE runs SET a = 1", "UPDATE runs"),
        ("WITH a(x) AS (SELECT 1), b AS (SELECT 2) SELECT * FROM a JOIN runs", "SELECT runs"),
        ("SELECT (SELECT max(id) FROM log), status FROM runs", "SELECT log"),
        ("SELECT * FROM (SELECT id FROM runs)", "SELECT runs"),
        ("SELECT 1", "SELECT"),
        ("SELECT * FROM json_each('[1]')", "SELECT"),
        ("SELECT ';' FROM attached.runs", "SELECT attached.runs"),
        ("BEGIN", "BEGIN"),
        ("begin immediate transaction", "BEGIN IMMEDIATE"),
        ("BEGIN EXCLUSIVE;", "BEGIN EXCLUSIVE"),
        ("PRAGMA foreign_keys = ON", "PRAGMA foreign_keys"),
        ("PRAGMA main.user_version", "PRAGMA user_version"),
        ("CREATE TABLE IF NOT EXISTS runs (id)", "CREATE runs"),
        ("CREATE UNIQUE INDEX by_id ON runs (id)", "CREATE by_id"),
        ("SAVEPOINT a", "SAVEPOINT"),
        ("RELEASE SAVEPOINT a", "RELEASE"),
        ("ROLLBACK TO a", "ROLLBACK TO"),
        ("COMMIT", ""),
        ("", ""),
        ("-- nothing", ""),
        ("WITH", "WITH"),
        ("UPDATE", "UPDATE"),
        ("VACUUM", "VACUUM"),
    ],
)
def test_a_statement_is_called_by_its_verb_and_table(sql: str, subject: str) -> None:
    assert Statement.parse(sql).subject == subject


@pytest.mark.parametrize(
    ("sql", "operation"),
    [
        ("COMMIT", Operation.COMMIT),
        ("end transaction", Operation.COMMIT),
        ("ROLLBACK", Operation.ROLLBACK),
        ("ROLLBACK TRANSACTION;", Operation.ROLLBACK),
        ("ROLLBACK TO SAVEPOINT a", Operation.EXECUTE),
        ("RELEASE a", Operation.EXECUTE),
        ("BEGIN", Operation.EXECUTE),
        ("SELECT 1", Operation.EXECUTE),
    ],
)
def test_sql_that_ends_a_transaction_is_no_plain_execute(sql: str, operation: Operation) -> None:
    assert Statement.parse(sql).operation is operation


@pytest.mark.parametrize(
    ("sql", "writes", "reads", "implicit"),
    [
        ("UPDATE t SET a = 1", True, False, True),
        ("/* c */ DELETE FROM t", True, False, True),
        ("WITH x AS (SELECT 1) INSERT INTO t SELECT * FROM x", True, False, False),
        ("UPDATE temp.t SET a = 1", False, False, True),
        ("CREATE TABLE u (id)", True, False, False),
        ("CREATE TEMP TABLE u (id)", False, False, False),
        ("CREATE TABLE IF NOT EXISTS u (id)", False, True, False),
        ("DROP TABLE IF EXISTS u", False, True, False),
        ("BEGIN", False, False, False),
        ("BEGIN IMMEDIATE", True, False, False),
        ("SELECT a FROM t", False, True, False),
        ("SELECT 1", False, False, False),
        ("EXPLAIN SELECT a FROM t", False, False, False),
        ("PRAGMA foreign_keys", False, False, False),
        ("PRAGMA user_version", False, True, False),
        ("PRAGMA user_version = 3", True, False, False),
    ],
)
def test_it_is_told_whether_a_statement_writes_reads_or_begins(
    sql: str, *, writes: bool, reads: bool, implicit: bool
) -> None:
    statement = Statement.parse(sql)
    seen = (statement.writes, statement.reads, statement.opens_implicitly)
    assert seen == (writes, reads, implicit)


@pytest.mark.parametrize(
    ("sql", "keys"),
    [
        ("UPDATE t SET a = 1 WHERE id = ?", {"id"}),
        ("UPDATE t SET a = 1 WHERE \"ID\" == ? AND status IN ('a', 'b')", {"id"}),
        ("DELETE FROM t WHERE a = 1 AND b = 2", {"a", "b"}),
        ("UPDATE t SET id = 2 WHERE id = 1", set[str]()),
        ("UPDATE t SET a = 1 WHERE id = 1 OR a = 2", set[str]()),
        ("UPDATE t SET a = 1 WHERE id = (SELECT 1)", set[str]()),
        ("UPDATE t SET a = 1 WHERE id = 1 RETURNING a", {"id"}),
        ("UPDATE t SET a = 1 FROM u WHERE t.id = u.id", set[str]()),
        ("UPDATE t SET a = 1", set[str]()),
    ],
)
def test_the_columns_that_choose_the_rows_are_found(sql: str, keys: set[str]) -> None:
    assert Statement.parse(sql).keys == keys


@pytest.mark.parametrize(
    ("sql", "one_row"),
    [
        ("INSERT INTO t (a, b) VALUES (1, 2)", True),
        ("INSERT INTO t DEFAULT VALUES;", True),
        ("INSERT INTO t VALUES (1), (2)", False),
        ("INSERT INTO t SELECT * FROM u", False),
        ("INSERT INTO t VALUES (1) RETURNING a", True),
        ("INSERT OR REPLACE INTO t VALUES (1)", False),
        ("REPLACE INTO t VALUES (1)", False),
        ("UPDATE t SET a = 1", False),
    ],
)
def test_an_insert_of_one_row_is_recognised(sql: str, *, one_row: bool) -> None:
    assert Statement.parse(sql).one_row is one_row
