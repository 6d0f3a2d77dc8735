"""A lock that another connection holds while the operation runs."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing

from runfaults.sqlite.engine import real_connect
from runfaults.sqlite.real.recipe import Recipe, Unavailable, main_file

LOCK_STATEMENTS = {
    "shared": ("BEGIN", "SELECT 1 FROM sqlite_master"),
    "reserved": ("BEGIN IMMEDIATE",),
    "exclusive": ("BEGIN EXCLUSIVE",),
    "alone": ("PRAGMA locking_mode = EXCLUSIVE", "BEGIN EXCLUSIVE"),
}
"""How to get a lock of each level: in WAL mode the last one, only if no other has it open."""


def held_lock(level: str) -> Recipe:
    """Another connection holds the lock.

    Args:
        level: `shared` (it reads), `reserved` (it is going to write), `exclusive` (it commits), or
            `alone` (it has the whole database, in WAL mode too).

    Raises:
        Unavailable: by the recipe, if the lock cannot be had.
    """

    def recipe(connection: sqlite3.Connection, operation: Callable[[], object]) -> object:
        holder = real_connect(main_file(connection), timeout=0, isolation_level=None)
        with closing(holder):
            try:
                for sql in LOCK_STATEMENTS[level]:
                    holder.execute(sql).fetchall()
            except sqlite3.OperationalError as error:
                raise Unavailable(
                    f"no other connection can get the {level} lock: {error}"
                ) from None
            return operation()

    return recipe


def overtaking_commit() -> Recipe:
    """Another connection commits before the operation: what this one has read is out of date."""

    def recipe(connection: sqlite3.Connection, operation: Callable[[], object]) -> object:
        other = real_connect(main_file(connection), timeout=0, isolation_level=None)
        with closing(other):
            version = other.execute("PRAGMA user_version").fetchone()[0]
            other.execute(f"PRAGMA user_version = {version}")
        return operation()

    return recipe
