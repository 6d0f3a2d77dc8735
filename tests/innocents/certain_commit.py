"""A COMMIT that raises may have taken effect: a row of its own transaction tells."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from pathlib import Path

SCHEMA = "CREATE TABLE kept (run INTEGER PRIMARY KEY)"


def commit(connection: sqlite3.Connection, database: Path, run: int) -> None:
    """Commit what the work of a run left open; raises only if that did not take effect."""
    connection.execute("INSERT INTO kept (run) VALUES (?)", (run,))
    try:
        connection.commit()
    except BaseException:
        with contextlib.suppress(sqlite3.Error, MemoryError):
            connection.close()
        if not is_kept(database, run):
            raise


def is_kept(database: Path, run: int) -> bool:
    """Whether the row is there, however long it takes to see that."""
    while True:
        with (
            contextlib.suppress(sqlite3.Error, MemoryError),
            contextlib.closing(sqlite3.connect(database, timeout=1)) as connection,
        ):
            row = connection.execute("SELECT run FROM kept WHERE run = ?", (run,)).fetchone()
            return row is not None
        time.sleep(10)
