"""Bytes of the database file that another program overwrote."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Generator

from runfaults.sqlite.real.recipe import around, main_file

_kept: list[int] = []
# Closing any descriptor of the file would drop the POSIX locks that SQLite holds on it in this
# process: ours stay open until the process ends.


@around
def overwritten_header(connection: sqlite3.Connection) -> Generator[None]:
    """The first 100 bytes are garbage while the operation runs."""
    descriptor = os.open(main_file(connection), os.O_RDWR)
    _kept.append(descriptor)
    header = os.pread(descriptor, 100, 0)
    os.pwrite(descriptor, b"x" * 100, 0)
    try:
        yield
    finally:
        os.pwrite(descriptor, header, 0)
