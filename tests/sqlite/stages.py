"""Situations of a connection, and the operation that a fault strikes in each."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

FIRST, LAST = 1, 60
UPDATE = "UPDATE t SET s = ? WHERE id = ?"


@dataclass(frozen=True)
class Stage:
    """How a connection gets into a situation, and the operation that a fault strikes there."""

    act: Callable[[sqlite3.Connection], object]
    setup: Callable[[sqlite3.Connection], object] = lambda _: None
    isolation_level: str | None = ""
    fresh: bool = False
    stale: bool = False
    """Another connection commits last, so that there is something to read."""
    autocommit: bool | None = None
    alone: bool = False
    """No other connection has the database open."""
    midway: bool = False
    """The fault strikes before the second of several rows."""

    @property
    def arguments(self) -> dict[str, Any]:
        """For `sqlite3.connect`."""
        arguments = {"isolation_level": self.isolation_level, "check_same_thread": False}
        return arguments if self.autocommit is None else arguments | {"autocommit": self.autocommit}


def sql(text: str, *parameters: object) -> Callable[[sqlite3.Connection], object]:
    return lambda connection: connection.execute(text, parameters)


def update(row: int) -> Callable[[sqlite3.Connection], object]:
    return lambda connection: connection.execute(UPDATE, ("new" * 50, row))


def several(
    *steps: Callable[[sqlite3.Connection], object],
) -> Callable[[sqlite3.Connection], object]:
    def run(connection: sqlite3.Connection) -> list[object]:
        return [step(connection) for step in steps]

    return run


def open_cursor(connection: sqlite3.Connection) -> None:
    holder.cursor = connection.execute("SELECT id, s FROM t ORDER BY id")
    holder.cursor.fetchone()


def fetch(connection: sqlite3.Connection) -> object:
    return len(holder.cursor.fetchall())


def open_change(text: str) -> Callable[[sqlite3.Connection], None]:
    def change(connection: sqlite3.Connection) -> None:
        holder.cursor = connection.execute(text)

    return change


def fetch_one(connection: sqlite3.Connection) -> object:
    return holder.cursor.fetchone()


class _Holder:
    cursor: sqlite3.Cursor
    midway: Callable[[], object] | None = None


holder = _Holder()


def three_rows(connection: sqlite3.Connection) -> None:
    def rows() -> Iterator[tuple[str, int]]:
        yield "new" * 50, FIRST
        if holder.midway is not None:
            holder.midway()
        yield "new" * 50, LAST
        yield "new" * 50, FIRST + 1

    connection.executemany(UPDATE, rows())


def leave_block(connection: sqlite3.Connection) -> None:
    with connection:
        pass


def script(text: str) -> Callable[[sqlite3.Connection], object]:
    return lambda connection: connection.executescript(text)


def commit(connection: sqlite3.Connection) -> None:
    connection.commit()


def rollback(connection: sqlite3.Connection) -> None:
    connection.rollback()


def close(connection: sqlite3.Connection) -> None:
    connection.close()


def assign(name: str, *, to: object) -> Callable[[sqlite3.Connection], object]:
    return lambda connection: setattr(connection, name, to)


select = sql("SELECT s FROM t WHERE id = ?", LAST)
RETURNING = "INSERT INTO t (s) VALUES ('inserted') RETURNING id"
RETURNING_MANY = "UPDATE t SET s = 'all' RETURNING id"

insert = sql("INSERT INTO t (s) VALUES (?)", "inserted")

STAGES = {
    "begin immediate": Stage(sql("BEGIN IMMEDIATE")),
    "begin exclusive": Stage(sql("BEGIN EXCLUSIVE")),
    "first update": Stage(update(FIRST)),
    "first insert": Stage(insert),
    "first update of many": Stage(sql("UPDATE t SET s = 'all'")),
    "first update, fresh": Stage(update(FIRST), fresh=True),
    "first update, immediate": Stage(update(FIRST), isolation_level="IMMEDIATE"),
    "first update after begin": Stage(update(FIRST), sql("BEGIN")),
    "first update after reading": Stage(
        update(LAST), several(sql("BEGIN"), sql("SELECT s FROM t WHERE id = ?", FIRST))
    ),
    "first update with a cursor": Stage(update(LAST), open_cursor),
    "first update after begin immediate": Stage(update(FIRST), sql("BEGIN IMMEDIATE")),
    "begin immediate with a cursor": Stage(sql("BEGIN IMMEDIATE"), open_cursor),
    "first update, immediate, with a cursor": Stage(
        update(LAST), open_cursor, isolation_level="IMMEDIATE"
    ),
    "autocommit update, fresh": Stage(update(FIRST), isolation_level=None, fresh=True),
    "later update": Stage(update(LAST), update(FIRST)),
    "later insert": Stage(insert, update(FIRST)),
    "later delete": Stage(sql("DELETE FROM t WHERE id = ?", LAST), update(FIRST)),
    "later update of many": Stage(sql("UPDATE t SET s = 'all'"), update(FIRST)),
    "later update in savepoint": Stage(
        update(LAST), several(update(FIRST), sql("SAVEPOINT inner"))
    ),
    "later insert or ignore": Stage(
        sql("INSERT OR IGNORE INTO t (s) VALUES (?)", "inserted"), update(FIRST)
    ),
    "later insert or replace": Stage(
        sql("INSERT OR REPLACE INTO t (id, s) VALUES (?, ?)", LAST, "inserted"), update(FIRST)
    ),
    "later insert returning": Stage(
        sql("INSERT INTO t (s) VALUES (?) RETURNING id", "inserted"), update(FIRST)
    ),
    "create table in transaction": Stage(sql("CREATE TABLE u (id)"), update(FIRST)),
    "autocommit update": Stage(update(FIRST), isolation_level=None),
    "autocommit update with a cursor": Stage(update(LAST), open_cursor, isolation_level=None),
    "create table": Stage(sql("CREATE TABLE u (id)")),
    "select": Stage(select),
    "select, fresh": Stage(select, fresh=True),
    "begin immediate, fresh": Stage(sql("BEGIN IMMEDIATE"), fresh=True),
    "select after begin": Stage(select, sql("BEGIN")),
    "select after reading": Stage(
        select, several(sql("BEGIN"), sql("SELECT s FROM t WHERE id = ?", FIRST))
    ),
    "select while writing": Stage(select, update(FIRST)),
    "fetch": Stage(fetch, open_cursor),
    "fetch in transaction": Stage(fetch, several(sql("BEGIN"), open_cursor)),
    "fetch while writing": Stage(fetch, several(update(FIRST), open_cursor)),
    "commit": Stage(commit, update(FIRST)),
    "execute commit": Stage(sql("COMMIT"), update(FIRST)),
    "end of block": Stage(leave_block, update(FIRST)),
    "release": Stage(sql("RELEASE s"), several(sql("SAVEPOINT s"), update(FIRST))),
    "commit of nothing": Stage(commit, sql("BEGIN IMMEDIATE")),
    "rollback": Stage(rollback, update(FIRST)),
    "execute rollback": Stage(sql("ROLLBACK"), update(FIRST)),
    "close": Stage(close, update(FIRST)),
    "first update after begin, fresh": Stage(update(FIRST), sql("BEGIN"), fresh=True),
    "select after begin, fresh": Stage(select, sql("BEGIN"), fresh=True),
    "update after begin immediate, fresh": Stage(update(FIRST), sql("BEGIN IMMEDIATE"), fresh=True),
    "select after begin immediate, fresh": Stage(select, sql("BEGIN IMMEDIATE"), fresh=True),
    "commit after begin immediate, fresh": Stage(commit, sql("BEGIN IMMEDIATE"), fresh=True),
    "create table after begin immediate, fresh": Stage(
        sql("CREATE TABLE u (id)"), sql("BEGIN IMMEDIATE"), fresh=True
    ),
    "autocommit insert": Stage(insert, isolation_level=None),
    "autocommit insert returning": Stage(sql(RETURNING), isolation_level=None),
    "fetch of an insert": Stage(fetch_one, open_change(RETURNING), isolation_level=None),
    "fetch of an update by its key": Stage(
        fetch_one,
        open_change("UPDATE t SET s = 'one' WHERE id = 3 RETURNING id, s"),
        isolation_level=None,
    ),
    "fetch of all changes": Stage(fetch, open_change(RETURNING_MANY), isolation_level=None),
    "fetch of the first change": Stage(
        fetch_one, open_change(RETURNING_MANY), isolation_level=None
    ),
    "fetch of a first change in transaction": Stage(fetch_one, open_change(RETURNING)),
    "fetch of later changes in transaction": Stage(
        fetch, several(update(FIRST), open_change(RETURNING_MANY))
    ),
    "update after commit": Stage(update(LAST), several(update(FIRST), commit), stale=True),
    "begin immediate after commit": Stage(
        sql("BEGIN IMMEDIATE"), several(update(FIRST), commit), stale=True
    ),
    "create table after commit": Stage(
        sql("CREATE TABLE u (id)"), several(update(FIRST), commit), stale=True
    ),
    "select after commit": Stage(select, several(update(FIRST), commit), stale=True),
    "assignment of None": Stage(assign("isolation_level", to=None), update(FIRST)),
}

EXCLUSIVE_MODE = several(sql("PRAGMA locking_mode = EXCLUSIVE"), select)
STALE = several(sql("BEGIN"), sql("SELECT s FROM t WHERE id = ?", FIRST))


def pragma(text: str) -> Callable[[sqlite3.Connection], object]:
    """A pragma whose answer is looked at."""

    def ask(connection: sqlite3.Connection) -> None:
        answer = connection.execute(f"PRAGMA {text}").fetchall()
        if answer and answer[0][0] == 1:
            raise AnsweredBusyError(answer)

    return ask


class AnsweredBusyError(Exception):
    """What a checkpoint says instead of raising."""


NARROW: dict[str, tuple[Stage, tuple[str, ...]]] = {
    "commit with a cursor": (Stage(commit, several(update(FIRST), open_cursor)), ("interrupt",)),
    "rollback with a cursor": (
        Stage(rollback, several(update(FIRST), open_cursor)),
        ("interrupt",),
    ),
    "select with a cursor": (Stage(select, open_cursor), ("interrupt",)),
    "later update with a cursor": (
        Stage(update(LAST), several(update(FIRST), open_cursor)),
        ("interrupt", "busy"),
    ),
    "new statement with a cursor": (
        Stage(sql("UPDATE t SET s = 'x' WHERE id = 2"), several(update(FIRST), open_cursor)),
        ("interrupt",),
    ),
    "to WAL": (Stage(pragma("journal_mode = wal")), ("busy",)),
    "to DELETE": (Stage(pragma("journal_mode(delete)")), ("busy",)),
    "to DELETE, fresh": (Stage(pragma("journal_mode = delete"), fresh=True), ("busy",)),
    "to WAL, reading": (Stage(pragma("journal_mode = wal"), open_cursor), ("busy",)),
    "to WAL in transaction": (Stage(pragma("journal_mode = wal"), update(FIRST)), ("busy",)),
    "journal mode": (Stage(pragma("journal_mode")), ("busy",)),
    "checkpoint": (Stage(pragma("wal_checkpoint")), ("busy",)),
    "full checkpoint": (Stage(pragma("wal_checkpoint(FULL)")), ("busy",)),
    "restarting checkpoint": (Stage(pragma("main.wal_checkpoint = restart")), ("busy",)),
    "truncating checkpoint": (Stage(pragma("wal_checkpoint(truncate)")), ("busy",)),
    "checkpoint, fresh": (Stage(pragma("wal_checkpoint(full)"), fresh=True), ("busy",)),
    "checkpoint in transaction": (Stage(pragma("wal_checkpoint(full)"), STALE), ("busy",)),
    "optimize": (
        Stage(
            pragma("optimize"),
            several(
                sql("CREATE INDEX i ON t (s)"),
                lambda connection: connection.execute("SELECT * FROM t WHERE s = 'x'").fetchall(),
            ),
        ),
        ("busy",),
    ),
    "optimize nothing": (Stage(pragma("optimize")), ("busy",)),
    "insert returning after reading": (Stage(sql(RETURNING), STALE), ("busy-snapshot",)),
    "create table after reading": (Stage(sql("CREATE TABLE u (id)"), STALE), ("busy-snapshot",)),
    "perhaps create table after reading": (
        Stage(sql("CREATE TABLE IF NOT EXISTS u (id)"), STALE),
        ("busy-snapshot",),
    ),
    "perhaps create table with a cursor": (
        Stage(sql("CREATE TABLE IF NOT EXISTS u (id)"), open_cursor),
        ("busy-snapshot",),
    ),
    "perhaps create what is there after reading": (
        Stage(sql("CREATE TABLE IF NOT EXISTS t (id)"), STALE),
        ("busy-snapshot",),
    ),
    "with and update after reading": (
        Stage(sql("WITH x AS (SELECT 1) UPDATE t SET s = 'x' WHERE id = 60"), STALE),
        ("busy-snapshot",),
    ),
    "user version after reading": (
        Stage(sql("PRAGMA user_version = 9"), STALE),
        ("busy-snapshot",),
    ),
    "update in savepoint after reading": (
        Stage(
            update(LAST),
            several(sql("SAVEPOINT s"), sql("SELECT s FROM t WHERE id = ?", FIRST)),
        ),
        ("busy-snapshot",),
    ),
    "first update, exclusive": (Stage(update(FIRST), isolation_level="EXCLUSIVE"), ("cantopen",)),
    "first update after begin exclusive": (
        Stage(update(FIRST), sql("BEGIN EXCLUSIVE")),
        ("cantopen", "busy"),
    ),
    "exclusive mode: first update": (
        Stage(update(FIRST), EXCLUSIVE_MODE, alone=True),
        ("cantopen",),
    ),
    "exclusive mode: begin immediate": (
        Stage(sql("BEGIN IMMEDIATE"), EXCLUSIVE_MODE, alone=True),
        ("cantopen",),
    ),
    "exclusive mode: autocommit update": (
        Stage(update(FIRST), EXCLUSIVE_MODE, isolation_level=None, alone=True),
        ("cantopen",),
    ),
    "exclusive mode: update after commit": (
        Stage(update(LAST), several(EXCLUSIVE_MODE, update(FIRST), commit), alone=True),
        ("cantopen", "ioerr-write"),
    ),
    **{
        f"{name}, alone": (replace(STAGES[name], alone=True), ("busy",))
        for name in (
            "select, fresh",
            "select after begin, fresh",
            "begin immediate, fresh",
            "first update, fresh",
            "autocommit update, fresh",
        )
    },
    "journal mode, fresh, alone": (
        Stage(pragma("journal_mode"), fresh=True, alone=True),
        ("busy",),
    ),
}
"""Stages in which some kinds alone are compared."""

OF_ROWS = (
    "busy",
    "ioerr-read",
    "ioerr-write",
    "full",
    "readonly",
    "cantopen",
    "corrupt",
    "interrupt",
    "nomem",
)
NARROW |= {
    f"second of several rows{name}": (replace(stage, midway=True), OF_ROWS)
    for name, stage in {
        "": Stage(three_rows),
        ", immediate": Stage(three_rows, isolation_level="IMMEDIATE"),
        ", later": Stage(three_rows, update(FIRST + 2)),
        ", autocommit": Stage(three_rows, isolation_level=None),
    }.items()
}

if sys.version_info >= (3, 12):
    NARROW |= {
        "second of several rows, without autocommit": (
            Stage(three_rows, autocommit=False, midway=True),
            OF_ROWS,
        ),
        "second of several rows, with autocommit": (
            Stage(three_rows, autocommit=True, midway=True),
            OF_ROWS,
        ),
    }
    STAGES |= {
        "without autocommit: update": Stage(update(FIRST), autocommit=False),
        "without autocommit: update, fresh": Stage(update(FIRST), autocommit=False, fresh=True),
        "without autocommit: update after commit": Stage(
            update(LAST), several(update(FIRST), commit), autocommit=False, stale=True
        ),
        "without autocommit: update after rollback": Stage(
            update(LAST), several(update(FIRST), rollback), autocommit=False, stale=True
        ),
        "without autocommit: update after reading": Stage(
            update(LAST), sql("SELECT s FROM t WHERE id = ?", FIRST), autocommit=False
        ),
        "without autocommit: later update": Stage(update(LAST), update(FIRST), autocommit=False),
        "without autocommit: later update of many": Stage(
            sql("UPDATE t SET s = 'all'"), update(FIRST), autocommit=False
        ),
        "without autocommit: insert": Stage(insert, autocommit=False),
        "without autocommit: later insert": Stage(insert, update(FIRST), autocommit=False),
        "without autocommit: insert after reading": Stage(
            insert, sql("SELECT s FROM t WHERE id = ?", FIRST), autocommit=False
        ),
        "without autocommit: select": Stage(select, autocommit=False),
        "without autocommit: select, fresh": Stage(select, autocommit=False, fresh=True),
        "without autocommit: select after commit": Stage(
            select, several(update(FIRST), commit), autocommit=False, stale=True
        ),
        "without autocommit: select while writing": Stage(select, update(FIRST), autocommit=False),
        "without autocommit: fetch": Stage(fetch, open_cursor, autocommit=False),
        "without autocommit: commit": Stage(commit, update(FIRST), autocommit=False),
        "without autocommit: second commit": Stage(
            commit, several(update(LAST), commit, update(FIRST)), autocommit=False
        ),
        "without autocommit: commit of nothing": Stage(
            commit, several(update(FIRST), commit), autocommit=False
        ),
        "without autocommit: commit of a read": Stage(commit, select, autocommit=False),
        "without autocommit: execute commit": Stage(sql("COMMIT"), update(FIRST), autocommit=False),
        "without autocommit: update after execute commit": Stage(
            update(LAST), several(update(FIRST), sql("COMMIT")), autocommit=False, stale=True
        ),
        "without autocommit: end of block": Stage(leave_block, update(FIRST), autocommit=False),
        "without autocommit: rollback": Stage(rollback, update(FIRST), autocommit=False),
        "without autocommit: rollback of nothing": Stage(rollback, autocommit=False),
        "without autocommit: execute rollback": Stage(
            sql("ROLLBACK"), update(FIRST), autocommit=False
        ),
        "without autocommit: release": Stage(
            sql("RELEASE s"), several(sql("SAVEPOINT s"), update(FIRST)), autocommit=False
        ),
        "without autocommit: begin immediate": Stage(sql("BEGIN IMMEDIATE"), autocommit=False),
        "without autocommit: create table": Stage(sql("CREATE TABLE u (id)"), autocommit=False),
        "without autocommit: script": Stage(
            script("UPDATE t SET s = 'new' WHERE id = 60"), update(FIRST), autocommit=False
        ),
        "without autocommit: close": Stage(close, update(FIRST), autocommit=False),
        "without autocommit: close of nothing": Stage(close, autocommit=False),
        "without autocommit: switch to True": Stage(
            assign("autocommit", to=True), update(FIRST), autocommit=False
        ),
        "without autocommit: isolation level None": Stage(
            assign("isolation_level", to=None), update(FIRST), autocommit=False
        ),
        "with autocommit: update": Stage(update(FIRST), autocommit=True),
        "with autocommit: update, level immediate": Stage(
            update(FIRST), isolation_level="IMMEDIATE", autocommit=True
        ),
        "with autocommit: update in transaction": Stage(
            update(FIRST), sql("BEGIN"), autocommit=True
        ),
        "with autocommit: later update": Stage(
            update(LAST), several(sql("BEGIN"), update(FIRST)), autocommit=True
        ),
        "with autocommit: commit": Stage(
            commit, several(sql("BEGIN"), update(FIRST)), autocommit=True
        ),
        "with autocommit: execute commit": Stage(
            sql("COMMIT"), several(sql("BEGIN"), update(FIRST)), autocommit=True
        ),
        "with autocommit: rollback": Stage(
            rollback, several(sql("BEGIN"), update(FIRST)), autocommit=True
        ),
        "with autocommit: end of block": Stage(
            leave_block, several(sql("BEGIN"), update(FIRST)), autocommit=True
        ),
        "with autocommit: script": Stage(
            script("UPDATE t SET s = 'new' WHERE id = 60"),
            several(sql("BEGIN"), update(FIRST)),
            autocommit=True,
        ),
        "with autocommit: close": Stage(
            close, several(sql("BEGIN"), update(FIRST)), autocommit=True
        ),
        "from with to without autocommit, update": Stage(
            update(FIRST), assign("autocommit", to=False), autocommit=True
        ),
    }
