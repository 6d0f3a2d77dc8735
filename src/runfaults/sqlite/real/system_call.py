"""A system call of SQLite that fails with a chosen error number."""

from __future__ import annotations

import ctypes
import errno
import os
import sqlite3
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from runfaults.sqlite.real.recipe import Unavailable, around
from runfaults.sqlite.real.vfs import default_vfs

_INT, _LONG, _POINTER = ctypes.c_int, ctypes.c_ssize_t, ctypes.c_void_p
_SIGNATURES: dict[str, tuple[Any, ...]] = {
    "read": (_LONG, _INT, _POINTER, ctypes.c_size_t),
    "pread": (_LONG, _INT, _POINTER, ctypes.c_size_t, ctypes.c_int64),
    "pread64": (_LONG, _INT, _POINTER, ctypes.c_size_t, ctypes.c_int64),
    "write": (_LONG, _INT, _POINTER, ctypes.c_size_t),
    "pwrite": (_LONG, _INT, _POINTER, ctypes.c_size_t, ctypes.c_int64),
    "pwrite64": (_LONG, _INT, _POINTER, ctypes.c_size_t, ctypes.c_int64),
    "open": (_INT, ctypes.c_char_p, _INT, _INT),
    "unlink": (_INT, ctypes.c_char_p),
}
"""The calls of SQLite's Unix VFS (SQLite source, os_unix.c, `aSyscall`)."""

READ_CALLS = ("read", "pread", "pread64")
WRITE_CALLS = ("write", "pwrite", "pwrite64")


@around
def failing_system_call(
    _: sqlite3.Connection, *names: str, error: int, file: str = "", performed: bool = False
) -> Generator[None]:
    """System calls fail while the operation runs; process-wide, for the chosen files.

    The index of a write-ahead log is memory that connections share: the disk has no part in it,
    though the first connection makes room for it by a write (SQLite docs, "WAL-mode file format").

    Args:
        names: `READ_CALLS`, `WRITE_CALLS`, `open`, `unlink`; those that this SQLite does not use
            are skipped.
        error: The error number, as `errno.EIO`.
        file: Only for files whose path ends like this.
        performed: The call has its effect before it reports the error.
    """
    with replaced(names, lambda call: _failing(call, error, file, performed=performed)):
        yield


@around
def short_write(_: sqlite3.Connection) -> Generator[None]:
    """The first write stores half of its bytes; there is no room for the rest, nor for others."""
    halved: list[int] = []

    def first_half(original: Callable[..., int]) -> Callable[..., int]:
        def call(file: int, data: int, size: int, *offset: int) -> int:
            if halved:
                ctypes.set_errno(errno.ENOSPC)
                return -1
            halved.append(file)
            return original(file, data, size // 2, *offset)

        return call

    with replaced(WRITE_CALLS, first_half):
        yield


@contextmanager
def replaced(
    names: tuple[str, ...], replacing: Callable[[Callable[..., int]], Callable[..., int]]
) -> Generator[None]:
    """Replace system calls of SQLite while the block runs, process-wide.

    Args:
        names: Which.
        replacing: What takes the place of a call.

    Raises:
        Unavailable: if this SQLite makes none of them through its table.
    """
    vfs = default_vfs()
    if vfs.contents.iVersion < 3:  # noqa: PLR2004 - since SQLite 3.7.6
        raise Unavailable("this SQLite's default VFS has no replaceable system calls")
    restore: list[tuple[bytes, int]] = []
    keep: list[object] = []
    try:
        for name in names:
            pointer = vfs.contents.xGetSystemCall(vfs, name.encode())
            if not pointer:
                continue
            kind = ctypes.CFUNCTYPE(*_SIGNATURES[name], use_errno=True)
            replacement = kind(replacing(kind(pointer)))
            keep.append(replacement)
            restore.append((name.encode(), pointer))
            address = ctypes.cast(replacement, _POINTER)
            vfs.contents.xSetSystemCall(vfs, name.encode(), address)
        if not restore:
            raise Unavailable(f"this SQLite calls none of {', '.join(names)}")
        yield
    finally:
        for encoded, pointer in restore:
            vfs.contents.xSetSystemCall(vfs, encoded, pointer)


def _failing(
    original: Callable[..., int], error: int, file: str, *, performed: bool
) -> Callable[..., int]:
    def call(*arguments: Any) -> int:  # noqa: ANN401 - those of the system call
        path = _path_of(arguments[0])
        if not path.endswith(file) or path.endswith("-shm"):
            return original(*arguments)
        if performed:
            original(*arguments)
        ctypes.set_errno(error)
        return -1

    return call


def _path_of(file: int | bytes) -> str:
    if isinstance(file, bytes):
        return os.fsdecode(file)
    try:
        return str(Path(f"/proc/self/fd/{file}").readlink())
    except OSError:
        return ""
