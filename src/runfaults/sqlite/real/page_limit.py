"""A database that may not grow."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from runfaults.sqlite.engine import statement_on
from runfaults.sqlite.real.recipe import Recipe, is_closed


def page_limit() -> Recipe:
    """`PRAGMA max_page_count` forbids new pages; strikes a statement that needs one."""

    def recipe(connection: sqlite3.Connection, operation: Callable[[], object]) -> object:
        ((before,),) = statement_on(connection, "PRAGMA max_page_count")
        ((pages,),) = statement_on(connection, "PRAGMA page_count")
        statement_on(connection, f"PRAGMA max_page_count = {pages}")
        try:
            return operation()
        finally:
            if not is_closed(connection):
                statement_on(connection, f"PRAGMA max_page_count = {before}")

    return recipe
