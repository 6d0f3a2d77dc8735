"""Exceptions as the `sqlite3` module makes them: class, message, code and name."""

from __future__ import annotations

import sqlite3

_DATABASE_ERRORS = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_AUTH})

_MESSAGES = {
    sqlite3.SQLITE_PERM: "access permission denied",
    sqlite3.SQLITE_BUSY: "database is locked",
    sqlite3.SQLITE_LOCKED: "database table is locked",
    sqlite3.SQLITE_READONLY: "attempt to write a readonly database",
    sqlite3.SQLITE_INTERRUPT: "interrupted",
    sqlite3.SQLITE_IOERR: "disk I/O error",
    sqlite3.SQLITE_CORRUPT: "database disk image is malformed",
    sqlite3.SQLITE_FULL: "database or disk is full",
    sqlite3.SQLITE_CANTOPEN: "unable to open database file",
    sqlite3.SQLITE_NOTADB: "file is not a database",
    sqlite3.SQLITE_AUTH: "not authorized",
}

_NAMES = {
    code: name
    for name, code in vars(sqlite3).items()
    if name.startswith(("SQLITE_BUSY", "SQLITE_IOERR", "SQLITE_READONLY", "SQLITE_LOCKED"))
} | {
    code: f"SQLITE_{name}"
    for name, code in {
        "PERM": sqlite3.SQLITE_PERM,
        "INTERRUPT": sqlite3.SQLITE_INTERRUPT,
        "CORRUPT": sqlite3.SQLITE_CORRUPT,
        "FULL": sqlite3.SQLITE_FULL,
        "CANTOPEN": sqlite3.SQLITE_CANTOPEN,
        "NOTADB": sqlite3.SQLITE_NOTADB,
        "AUTH": sqlite3.SQLITE_AUTH,
    }.items()
}


class EmulationError(AssertionError):
    """A fault kind took something for granted that was not so: a bug of the harness."""


def sqlite_error(code: int) -> sqlite3.DatabaseError:
    """The exception that the `sqlite3` module raises for an (extended) result code.

    A hand-made exception has no `sqlite_errorcode`; those of the module carry it with
    `sqlite_errorname` (Python docs, `sqlite3.Error`).
    """
    primary = code & 0xFF
    kind = sqlite3.DatabaseError if primary in _DATABASE_ERRORS else sqlite3.OperationalError
    error = kind(_MESSAGES[primary])
    error.sqlite_errorcode = code
    error.sqlite_errorname = _NAMES[code]
    return error


def is_busy(error: BaseException) -> bool:
    """Whether it is the plain SQLITE_BUSY that the busy handler is there for.

    Not SQLITE_BUSY_SNAPSHOT, which no waiting helps, nor a COMMIT that the connection's own
    unfinished statement forbids, which has the same code and another message.
    """
    return getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY and error.args == (
        _MESSAGES[sqlite3.SQLITE_BUSY],
    )
