"""Recipes, by which real faults are made."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Protocol


class Unavailable(Exception):  # noqa: N818 - a state of the machine, not an error of the program
    """This machine, or its SQLite library, cannot produce the fault; the message says why."""


class Recipe(Protocol):
    """Performs an operation while a real cause makes it fail."""

    def __call__(self, connection: sqlite3.Connection, operation: Callable[[], object]) -> object:
        """Perform the operation on this connection under the fault; return what it returns.

        The cause is gone when this returns or raises.

        Raises:
            Unavailable: if the fault cannot be produced here.
            Exception: what the operation raises under the fault.
        """
        ...


def main_file(connection: sqlite3.Connection) -> str:
    """The path of the connection's main database; empty for one in memory."""
    # Not through the connection: that could take a lock, and a lock is what we may be measuring.
    rows = sqlite3.Cursor(connection).execute("PRAGMA database_list").fetchall()
    return str(next(path for _, name, path in rows if name == "main"))
