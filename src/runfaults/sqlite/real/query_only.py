"""A connection that may not write."""

from __future__ import annotations

import sqlite3
from collections.abc import Generator

from runfaults.sqlite.engine import statement_on
from runfaults.sqlite.real.recipe import around, is_closed


@around
def query_only(connection: sqlite3.Connection) -> Generator[None]:
    """`PRAGMA query_only` is on while the operation runs."""
    ((before,),) = statement_on(connection, "PRAGMA query_only")
    statement_on(connection, "PRAGMA query_only = 1")
    try:
        yield
    finally:
        if not is_closed(connection):
            statement_on(connection, f"PRAGMA query_only = {before}")
