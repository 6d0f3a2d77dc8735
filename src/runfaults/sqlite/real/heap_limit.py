"""No memory for SQLite."""

from __future__ import annotations

import ctypes
import sqlite3
from collections.abc import Generator

from runfaults.sqlite.real.engine_library import engine_library
from runfaults.sqlite.real.recipe import around


@around
def heap_limit(_: sqlite3.Connection) -> Generator[None]:
    """`sqlite3_hard_heap_limit64(1)`: hits every connection of the process meanwhile."""
    library = engine_library()
    limit, soft_limit = library.sqlite3_hard_heap_limit64, library.sqlite3_soft_heap_limit64
    for function in (limit, soft_limit):
        function.argtypes, function.restype = [ctypes.c_int64], ctypes.c_int64
    soft = soft_limit(-1)
    limit(1)
    try:
        yield
    finally:
        limit(0)
        # A hard limit brings the soft one down with it (SQLite C API), and under that every
        # later transaction would spill into the file, and take the exclusive lock, at once.
        soft_limit(soft)
