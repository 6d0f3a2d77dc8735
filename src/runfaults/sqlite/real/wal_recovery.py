"""A write-ahead log that another process is recovering."""

from __future__ import annotations

import fcntl
import os
import sqlite3
import struct
from collections.abc import Generator

from runfaults.sqlite.real.recipe import Unavailable, around, main_file

_WRITE_LOCK, _RECOVER_LOCK = 120, 122
"""Bytes of the -shm file (SQLite file format, "WAL locks")."""
_HEADER = 96
_SET_LOCK = getattr(fcntl, "F_OFD_SETLK", 37)
_kept: list[int] = []
# See overwritten.py: closing a descriptor would drop SQLite's own locks on the file.


@around
def recovery_by_another(connection: sqlite3.Connection) -> Generator[None]:
    """Locks held by an open file description conflict with those of the same process (Linux)."""
    try:
        descriptor = os.open(main_file(connection) + "-shm", os.O_RDWR)
    except FileNotFoundError:
        raise Unavailable("no other connection has the write-ahead log open") from None
    _kept.append(descriptor)
    header = os.pread(descriptor, _HEADER, 0)
    try:
        os.pwrite(descriptor, bytes(_HEADER), 0)
        for byte in (_WRITE_LOCK, _RECOVER_LOCK):
            _lock(descriptor, fcntl.F_WRLCK, byte)
        yield
    finally:
        os.pwrite(descriptor, header, 0)
        for byte in (_WRITE_LOCK, _RECOVER_LOCK):
            _lock(descriptor, fcntl.F_UNLCK, byte)


def _lock(descriptor: int, kind: int, byte: int) -> None:
    fcntl.fcntl(descriptor, _SET_LOCK, struct.pack("hhqqi4x", kind, os.SEEK_SET, byte, 1, 0))
