"""The real engine, past every gate."""

from __future__ import annotations

import sqlite3

real_connect = sqlite3.connect
"""`sqlite3.connect` as it was before anything patched it."""


def statement_on(
    connection: sqlite3.Connection, sql: str, *parameters: str
) -> list[tuple[object, ...]]:
    """Perform one statement on a connection, past its gate; return its rows.

    The connection's row factory plays no part: only `Connection.cursor` hands it on.
    """
    return sqlite3.Cursor(connection).execute(sql, parameters).fetchall()


def has_active_statement(connection: sqlite3.Connection) -> bool:
    """Whether a statement of the connection has begun and not ended: a cursor has rows left.

    A cursor does not tell. But SQLite refuses to change a collation meanwhile (SQLite source,
    `createCollation`).
    """
    try:
        connection.create_collation("runfaults_probe", _compare)
        connection.create_collation("runfaults_probe", None)
    except sqlite3.OperationalError:
        return True
    return False


def _compare(left: str, right: str) -> int:
    """Any order: no query sorts by it."""
    return (left > right) - (left < right)
