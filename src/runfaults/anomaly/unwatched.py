"""Connections that were opened before anything watched: what is done on them cannot be struck."""

from __future__ import annotations

import gc
import sqlite3
from contextlib import suppress

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

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self._changes)

    def have_written(self) -> bool:
        """Whether one of them has changed something since."""
        return any(
            _is_open(connection) and connection.total_changes != before
            for connection, before in self._changes
        )


def _is_open(connection: sqlite3.Connection) -> bool:
    with suppress(sqlite3.Error):
        return connection.total_changes >= 0
    return False
