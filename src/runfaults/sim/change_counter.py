"""Tells without a lock whether a database file was committed to."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

_VERSION, _COUNTER = 18, 24
_BY_JOURNAL = 1


class ChangeCounter:
    """The number in a database file that each commit changes, except in WAL mode.

    SQLite docs, "Database File Format", 1.3.3 and 1.3.7. A connection with `locking_mode=EXCLUSIVE`
    changes it once, before it lets no other connection read.

    Args:
        path: The database. It is kept open until `close`: a process that closes a file loses the
            locks of all its connections to it (SQLite docs, "How To Corrupt", 2.2).
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    def read(self) -> bytes | None:
        """The number as it stands in the file; None where it tells nothing."""
        try:
            if self._descriptor is None:
                self._descriptor = os.open(self._path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
            found = os.pread(self._descriptor, _COUNTER + 4 - _VERSION, _VERSION)
        except OSError:
            return None
        return found[_COUNTER - _VERSION :] if found[:1] == bytes([_BY_JOURNAL]) else None

    def close(self) -> None:
        """Let the file go, when no connection of this process uses it any longer."""
        if self._descriptor is not None:
            with suppress(OSError):
                os.close(self._descriptor)
        self._descriptor = None
