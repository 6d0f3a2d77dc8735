"""System calls that the kernel refuses to one thread: for those SQLite does not let us replace."""

from __future__ import annotations

import ctypes
import errno
import platform
import sqlite3
import struct
import threading
from _thread import get_ident
from collections.abc import Callable

from runfaults.sqlite.real.lent import lent
from runfaults.sqlite.real.recipe import Recipe, Unavailable

_NUMBERS = {"x86_64": (74, 75), "aarch64": (82, 83)}
"""The calls fsync and fdatasync in the kernel's system call tables."""
_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _MODE_FILTER = 38, 22, 2
_LOAD, _JUMP_IF_EQUAL, _RETURN = 0x20, 0x15, 0x06
_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000


class _Program(ctypes.Structure):
    """`struct sock_fprog` (linux/filter.h)."""

    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def failing_sync() -> Recipe:
    """Fsync and fdatasync fail with EIO while the operation runs, in a thread of its own.

    The filter cannot be taken off a thread again: it ends with the thread, to which the connection
    is lent.
    """
    numbers = _NUMBERS.get(platform.machine())
    if platform.system() != "Linux" or numbers is None:
        raise Unavailable("seccomp filters are for Linux on x86_64 or aarch64")

    def recipe(connection: sqlite3.Connection, operation: Callable[[], object]) -> object:
        owner = get_ident()
        result: list[object] = []
        errors: list[BaseException] = []

        def run() -> None:
            try:
                _refuse(numbers)
                with lent(connection, owner):
                    result.append(operation())
            except BaseException as error:  # noqa: BLE001 - handed to the caller's thread
                errors.append(error)

        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
        if errors:
            raise errors.pop()
        return result[0]

    return recipe


def _refuse(numbers: tuple[int, ...]) -> None:
    steps = [(_LOAD, 0, 0, 0)]  # the system call's number
    for left, number in zip(range(len(numbers), 0, -1), numbers, strict=True):
        steps.append((_JUMP_IF_EQUAL, left, 0, number))
    steps += [(_RETURN, 0, 0, _ALLOW), (_RETURN, 0, 0, _ERRNO | errno.EIO)]
    code = b"".join(struct.pack("HBBI", *step) for step in steps)
    program = _Program(len(steps), code)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or libc.prctl(
        _PR_SET_SECCOMP, _MODE_FILTER, ctypes.byref(program), 0, 0
    ):
        raise Unavailable(f"the kernel takes no seccomp filter: errno {ctypes.get_errno()}")
