"""What a loss of power can do to a commit, by the settings of the connection that made it."""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from runfaults.sqlite.engine import statement_on
from runfaults.sqlite.observed import Observed

_LEVELS = ("OFF", "NORMAL", "FULL", "EXTRA")
"""The values of `PRAGMA synchronous`, from 0 (SQLite docs)."""


class Durability(NamedTuple):
    """How far a commit is on the disk when it returns: the table of docs/limits.md.

    Attributes:
        journal: The journal mode of the connection that made it.
        synchronous: `OFF`, `NORMAL`, `FULL` or `EXTRA`.
    """

    journal: str
    synchronous: str

    def __str__(self) -> str:
        return f"journal_mode={self.journal.upper()} and synchronous={self.synchronous}"

    @property
    def loss(self) -> str:
        """What a loss of power can do; empty if nothing that SQLite promises to prevent."""
        if self.synchronous == "OFF":
            return "the file may be damaged"
        if self.endangers_the_file:
            return "the file may be damaged while something is written later"
        if self.journal == "wal" and self.synchronous == "NORMAL":
            return "the commit may be gone"
        return ""

    @property
    def endangers_the_file(self) -> bool:
        """Whether every write does, however much is on the disk: nothing could undo half of it."""
        return self.journal in {"memory", "off"}

    @property
    def has_checkpoints_written(self) -> bool:
        """Whether a checkpoint waits until the disk has the log."""
        return self.synchronous != "OFF"


def durability_of(connection: Observed) -> Durability | None:
    """That of what a connection commits now.

    None where there is no file, or the connection does not tell.
    """
    if not connection.path or connection.closed or connection.in_wrong_thread:
        return None
    with suppress(sqlite3.Error):
        journal = str(statement_on(connection, "PRAGMA main.journal_mode")[0][0])
        level = statement_on(connection, "PRAGMA main.synchronous")[0][0]
        assert isinstance(level, int)
        return Durability(journal.lower(), _LEVELS[level])
    return None


def log_is_gone(connection: Observed) -> bool:
    """Whether there is no write-ahead log: who closes a database last puts all into its file."""
    return not Path(f"{connection.path}-wal").exists()
