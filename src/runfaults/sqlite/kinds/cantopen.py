"""SQLITE_CANTOPEN: a file cannot be opened: the database, or the journal beside it."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Mapping
from functools import partial

from runfaults.sqlite.effect import Effect, connection_of, nothing, write_lock_taken
from runfaults.sqlite.gate import Call
from runfaults.sqlite.kinds.disk import cannot_write
from runfaults.sqlite.observed import Observed
from runfaults.sqlite.real.system_call import failing_system_call
from runfaults.sqlite.situation import READS, Situation
from runfaults.sqlite.tabled_kind import TabledKind

_OPENS_LOG_ONLY = READS | {Situation.BEGIN_WRITING}


def _without_journal(call: Call) -> None:
    """A transaction holds the write lock; in WAL mode, where the log cannot be opened, nothing."""
    if connection_of(call).journal != "wal":
        write_lock_taken(call)


def _lock_kept(call: Call) -> None:
    """With locking_mode=EXCLUSIVE the connection keeps the write lock; else nothing."""
    connection = connection_of(call)
    if connection.state.exclusive and connection.journal != "wal":
        connection.execute_ungated("BEGIN IMMEDIATE")
        connection.execute_ungated("ROLLBACK")


def _opens_log(connection: Observed) -> bool:
    """Whether the log is not open yet: a fresh connection opens it with its first lock."""
    locked = connection.writing or connection.reading
    return bool(connection.path) and connection.fresh and not locked and connection.journal == "wal"


class Cantopen(TabledKind):
    """No more file descriptors, a folder that has gone, missing permissions."""

    name = "cantopen"
    summary = "unable to open database file, or the journal that the first write needs"
    code = sqlite3.SQLITE_CANTOPEN
    made_by = staticmethod(partial(failing_system_call, "open", error=errno.EMFILE))
    effects: Mapping[Situation, Effect] = {
        Situation.CONNECT: nothing,
        Situation.BEGIN_WRITING: nothing,
        Situation.FIRST_WRITE_IMPLICIT: _without_journal,
        Situation.FIRST_WRITE_IMPLICIT_IMMEDIATE: _without_journal,
        Situation.FIRST_WRITE: _without_journal,
        Situation.LATER_WRITE: nothing,
        Situation.AUTOCOMMIT_WRITE: _lock_kept,
        Situation.READ: nothing,
        Situation.READ_IN_TRANSACTION: nothing,
    }
    reasons: Mapping[Situation, str] = {
        Situation.COMMIT: "the journal is open already",
        Situation.ROLLBACK: "the journal is open already",
    }

    def obstacle(  # noqa: PLR0911 - one for each reason
        self, call: Call, situation: Situation, /
    ) -> str | None:
        """Why it cannot strike although the situation is one of its own."""
        if situation is Situation.CONNECT:
            return None if call.file else "a database in memory has no file to open"
        connection = connection_of(call)
        if _opens_log(connection):
            return None
        if situation in _OPENS_LOG_ONLY:
            return "reading opens no file, and neither does BEGIN"
        if situation is Situation.FIRST_WRITE and call.statement.defines:
            return "what it leaves of a change of the schema was not measured"
        if situation is Situation.LATER_WRITE and connection.changed:
            return "the journal is open already"
        if connection.state.kept == "write":
            return "with locking_mode=EXCLUSIVE the journal has stayed open"
        if connection.path and connection.journal == "wal":
            return "in WAL mode writing opens no file"
        return cannot_write(call, situation)
