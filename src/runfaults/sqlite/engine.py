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
