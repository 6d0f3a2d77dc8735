"""A connection that one thread opened and another one uses."""

from __future__ import annotations

import ctypes
import sqlite3
import sys
from _thread import get_ident
from collections.abc import Generator
from contextlib import contextmanager

from runfaults.sqlite.real.recipe import Unavailable

_Note = ctypes.c_ulong
"""How CPython notes a thread."""


@contextmanager
def lent(connection: sqlite3.Connection, owner: int) -> Generator[None]:
    """Let the calling thread use a connection that another one opened, which waits meanwhile.

    CPython notes in the connection which thread opened it (CPython source,
    `pysqlite_check_thread`), and offers no way to change that. Afterwards the note is as it was:
    what checks the target's threads is CPython itself, before, meanwhile and after.

    Args:
        connection: What the calling thread is going to use.
        owner: The thread that may use it.

    Raises:
        Unavailable: if this interpreter notes it elsewhere.
    """
    if _may_use(connection):
        yield
        return
    note = _note_of(connection, owner)
    note.value = get_ident()
    try:
        if not _may_use(connection):
            raise Unavailable("the connection cannot be lent to another thread")
        yield
    finally:
        note.value = owner


def _may_use(connection: sqlite3.Connection) -> bool:
    try:
        sqlite3.Connection.getlimit(connection, sqlite3.SQLITE_LIMIT_LENGTH)
    except sqlite3.ProgrammingError:
        return False
    return True


def _note_of(connection: sqlite3.Connection, owner: int) -> ctypes.c_ulong:
    notes: list[ctypes.c_ulong] = []
    if sys.implementation.name == "cpython":
        # Not in the header: without the GIL that names a thread too.
        places = range(object.__basicsize__, sqlite3.Connection.__basicsize__, ctypes.sizeof(_Note))
        words = (_Note.from_address(id(connection) + place) for place in places)
        notes = [word for word in words if word.value == owner]
    if len(notes) != 1:
        raise Unavailable("this interpreter does not let a connection be lent to another thread")
    return notes[0]
