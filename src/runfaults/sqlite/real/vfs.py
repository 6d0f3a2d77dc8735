"""SQLite's layer to the operating system, as its library has it in memory."""

from __future__ import annotations

import ctypes
from typing import Any

from runfaults.sqlite.real.engine_library import engine_library

_INT, _POINTER = ctypes.c_int, ctypes.c_void_p


class Vfs(ctypes.Structure):
    """`sqlite3_vfs`, version 3 (SQLite C API)."""

    _fields_ = (
        ("iVersion", _INT),
        ("szOsFile", _INT),
        ("mxPathname", _INT),
        ("pNext", _POINTER),
        ("zName", ctypes.c_char_p),
        ("pAppData", _POINTER),
        ("before", _POINTER * 12),
        ("xCurrentTimeInt64", _POINTER),
        (
            "xSetSystemCall",
            ctypes.CFUNCTYPE(_INT, _POINTER, ctypes.c_char_p, _POINTER),
        ),
        ("xGetSystemCall", ctypes.CFUNCTYPE(_POINTER, _POINTER, ctypes.c_char_p)),
    )


def default_vfs() -> Any:  # noqa: ANN401  # a ctypes pointer has no public generic type
    """A pointer to the one that `sqlite3.connect` uses.

    Raises:
        Unavailable: if SQLite's functions cannot be reached.
    """
    find = engine_library().sqlite3_vfs_find
    find.restype = ctypes.POINTER(Vfs)
    return find(None)
