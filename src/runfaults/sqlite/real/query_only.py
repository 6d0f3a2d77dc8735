"""A connection that may not write."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from runfaults.sqlite.engine import statement_on
from runfaults.sqlite.real.recipe import Recipe, is_closed


def query_only() -> Recipe:
    """`PRAGMA query_only` is on while the operation runs."""

    def recipe(connection: sqlite3.Connection, operation: Callable[[], object]) -> object:
        ((before,),) = statement_on(connection, "PRAGMA query_only")
        statement_on(connection, "PRAGMA query_only = 1")
        try:
            return operation()
        finally:
            if not is_closed(connection):
                statement_on(connection, f"PRAGMA query_only = {before}")

    return recipe
