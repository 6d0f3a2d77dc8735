"""A database that may not grow."""

from __future__ import annotations

import sqlite3
from collections.abc import Generator

from runfaults.sqlite.engine import statement_on
from runfaults.sqlite.real.recipe import around, is_closed


@around
def page_limit(connection: sqlite3.Connection) -> Generator[None]:
    """`PRAGMA max_page_count` forbids new pages; strikes a statement that needs one."""
    ((before,),) = statement_on(connection, "PRAGMA max_page_count")
    ((pages,),) = statement_on(connection, "PRAGMA page_count")
    statement_on(connection, f"PRAGMA max_page_count = {pages}")
    try:
        yield
    finally:
        if not is_closed(connection):
            statement_on(connection, f"PRAGMA max_page_count = {before}")
