"""A connection that may not write."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from runfaults.sqlite.real.recipe import Recipe


def query_only() -> Recipe:
    """`PRAGMA query_only` is on while the operation runs."""

    def recipe(connection: sqlite3.Connection, operation: Callable[[], object]) -> object:
        sqlite3.Cursor(connection).execute("PRAGMA query_only = 1").fetchall()
        try:
            return operation()
        finally:
            sqlite3.Cursor(connection).execute("PRAGMA query_only = 0").fetchall()

    return recipe
