"""The clock that SQL reads: `datetime('now')`, `CURRENT_TIMESTAMP`, `unixepoch()`."""

from __future__ import annotations

import ctypes
import time
from collections.abc import Generator
from contextlib import contextmanager
from functools import cache
from typing import Any

from runfaults.sqlite.real.recipe import Unavailable
from runfaults.sqlite.real.vfs import Vfs, default_vfs

_UNIX_EPOCH = 210866760000000
"""Milliseconds from the first Julian day to 1970 (SQLite source, date.c)."""

_CLOCK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.POINTER(ctypes.c_int64))
"""`xCurrentTimeInt64` of a VFS (SQLite C API)."""


@contextmanager
def clock_of_python() -> Generator[None]:
    """Have SQL read Python's wall clock while the block runs, process-wide: it may be moved.

    SQLite asks the system by itself. A program that writes a moment by one clock and compares it
    by the other must find them equal. Where the library cannot be reached, SQL keeps its own.
    Blocks may overlap: the last one to end gives SQL its own clock back.
    """
    try:
        clock = _clock()
    except Unavailable:
        yield
        return
    clock.enter()
    try:
        yield
    finally:
        clock.leave()


class _Clock:
    """The place where SQLite finds its clock; what is put there lives as long as the process."""

    def __init__(self, vfs: Vfs) -> None:
        self._vfs = vfs
        self._original = vfs.xCurrentTimeInt64
        self._pythons = _CLOCK(_now)
        self._blocks = 0

    def enter(self) -> None:
        self._blocks += 1
        self._vfs.xCurrentTimeInt64 = ctypes.cast(self._pythons, ctypes.c_void_p).value

    def leave(self) -> None:
        self._blocks -= 1
        if not self._blocks:
            self._vfs.xCurrentTimeInt64 = self._original


@cache
def _clock() -> _Clock:
    return _Clock(default_vfs().contents)


def _now(_vfs: int, milliseconds: Any) -> int:  # noqa: ANN401  # a pointer to where they go
    milliseconds[0] = _UNIX_EPOCH + round(time.time() * 1000)
    return 0
