"""What a call has left locked."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from runfaults.sqlite.engine import real_connect


def is_locked(path: str) -> bool:
    """Whether a connection holds a lock that keeps another one from writing.

    In rollback mode a reader that has not ended does so too: it keeps every COMMIT out.
    """
    with closing(real_connect(path, timeout=0, isolation_level=None)) as connection:
        try:
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError:
            return True
        return False
