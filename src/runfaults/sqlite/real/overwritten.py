"""Bytes of the database file that another program overwrote."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable

from runfaults.sqlite.real.recipe import Recipe, main_file

_kept: list[int] = []
# Closing any descriptor of the file would drop the POSIX locks that SQLite holds on it in this
# process: ours stay open until the process ends.


def overwritten_header() -> Recipe:
    """The first 100 bytes are garbage while the operation runs."""

    def recipe(connection: sqlite3.Connection, operation: Callable[[], object]) -> object:
        descriptor = os.open(main_file(connection), os.O_RDWR)
        _kept.append(descriptor)
        header = os.pread(descriptor, 100, 0)
        os.pwrite(descriptor, b"x" * 100, 0)
        try:
            return operation()
        finally:
            os.pwrite(descriptor, header, 0)

    return recipe
