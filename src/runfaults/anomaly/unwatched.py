"""Connections that were opened before anything watched: what is done on them cannot be struck."""

from __future__ import annotations

import gc
import sqlite3
from contextlib import suppress

from runfaults.sqlite.engine import statement_on
from runfaults.sqlite.watched import WatchedConnection


class Unwatched:
    """How many changes the connections had made that no gate watches."""

    def __init__(self) -> None:
        self._changes = [
            (connection, connection.total_changes)
            for connection in gc.get_objects()
            # Not `isinstance`: it asks a proxy for what it stands for.
            if issubclass(type(connection), sqlite3.Connection)
            and not issubclass(type(connection), WatchedConnection)
            and _is_open(connection)
        ]

    def written(self) -> str:
        """The database that one of them has changed since; empty if none has."""
        for connection, before in self._changes:
            if _is_open(connection) and connection.total_changes != before:
                return str(statement_on(connection, "PRAGMA database_list")[0][2] or "memory")
        return ""


def _is_open(connection: sqlite3.Connection) -> bool:
    with suppress(sqlite3.Error):
        return connection.total_changes >= 0
    return False
