"""No memory for SQLite."""

from __future__ import annotations

import ctypes
import sqlite3
from collections.abc import Callable

from runfaults.sqlite.real.engine_library import engine_library
from runfaults.sqlite.real.recipe import Recipe


def heap_limit() -> Recipe:
    """`sqlite3_hard_heap_limit64(1)`: hits every connection of the process meanwhile."""
    limit = engine_library().sqlite3_hard_heap_limit64
    limit.argtypes, limit.restype = [ctypes.c_int64], ctypes.c_int64

    def recipe(connection: sqlite3.Connection, operation: Callable[[], object]) -> object:  # noqa: ARG001
        limit(1)
        try:
            return operation()
        finally:
            limit(0)

    return recipe
