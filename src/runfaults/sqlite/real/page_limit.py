"""A database that may not grow."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from runfaults.sqlite.real.recipe import Recipe


def page_limit() -> Recipe:
    """`PRAGMA max_page_count` forbids new pages; strikes a statement that needs one."""

    def recipe(connection: sqlite3.Connection, operation: Callable[[], object]) -> object:
        def pragma(sql: str) -> object:
            return sqlite3.Cursor(connection).execute(sql).fetchall()[0][0]

        before = pragma("PRAGMA max_page_count")
        pragma(f"PRAGMA max_page_count = {pragma('PRAGMA page_count')}")
        try:
            return operation()
        finally:
            pragma(f"PRAGMA max_page_count = {before}")

    return recipe
