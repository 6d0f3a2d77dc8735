"""A lock that another connection holds while the operation runs."""

from __future__ import annotations

import sqlite3
from collections.abc import Generator
from contextlib import closing

from runfaults.sqlite.engine import real_connect
from runfaults.sqlite.real.recipe import Unavailable, around, main_file

LOCK_STATEMENTS = {
    "shared": ("BEGIN", "SELECT 1 FROM sqlite_master"),
    "reserved": ("BEGIN IMMEDIATE",),
    "exclusive": ("BEGIN EXCLUSIVE",),
    "alone": ("PRAGMA locking_mode = EXCLUSIVE", "BEGIN EXCLUSIVE"),
}
"""How to get a lock of each level: in WAL mode the last one, only if no other has it open."""


@around
def held_lock(connection: sqlite3.Connection, level: str) -> Generator[None]:
    """Another connection holds the lock.

    Args:
        connection: The one that is struck.
        level: `shared` (it reads), `reserved` (it is going to write), `exclusive` (it commits), or
            `alone` (it has the whole database, in WAL mode too).

    Raises:
        Unavailable: by the recipe, if the lock cannot be had.
    """
    holder = real_connect(main_file(connection), timeout=0, isolation_level=None)
    with closing(holder):
        try:
            for sql in LOCK_STATEMENTS[level]:
                holder.execute(sql).fetchall()
        except sqlite3.OperationalError as error:
            raise Unavailable(f"no other connection can get the {level} lock: {error}") from None
        yield


@around
def overtaking_commit(connection: sqlite3.Connection) -> Generator[None]:
    """Another connection commits before the operation: what this one has read is out of date."""
    other = real_connect(main_file(connection), timeout=0, isolation_level=None)
    with closing(other):
        version = other.execute("PRAGMA user_version").fetchone()[0]
        other.execute(f"PRAGMA user_version = {version}")
    yield
