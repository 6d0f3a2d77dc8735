"""SQLITE_BUSY_SNAPSHOT: what this connection reads is out of date, so it may not write."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing

from runfaults.sqlite.effect import Effect, connection_of
from runfaults.sqlite.engine import statement_on
from runfaults.sqlite.errors import EmulationError
from runfaults.sqlite.gate import Call
from runfaults.sqlite.likelihood import Likelihood
from runfaults.sqlite.observed import Observed
from runfaults.sqlite.real.held_lock import overtaking_commit
from runfaults.sqlite.situation import READS, Situation
from runfaults.sqlite.statement import Statement
from runfaults.sqlite.tabled_kind import TabledKind


def _overtaken(call: Call) -> object:
    """Another connection commits; then the operation itself fails, again and again."""
    with closing(connection_of(call).open_ungated()) as other:
        version = statement_on(other, "PRAGMA user_version")[0][0]
        statement_on(other, f"PRAGMA user_version = {version}")
    call.real()
    raise EmulationError("a write succeeded on a snapshot that is out of date")


def _defines_what_is_missing(connection: Observed, statement: Statement) -> bool:
    """Whether `CREATE ... IF NOT EXISTS` or `DROP ... IF EXISTS` has something to do."""
    if not statement.defines or not connection.reading:
        return False
    sql = "SELECT 1 FROM sqlite_master WHERE lower(name) = lower(?)"
    return bool(statement_on(connection, sql, statement.table)) == (statement.verb == "DROP")


class BusySnapshot(TabledKind):
    """In WAL mode, another connection has committed since this one began to read."""

    name = "busy-snapshot"
    summary = "database is locked: another connection committed since this one began to read (WAL)"
    code = sqlite3.SQLITE_BUSY_SNAPSHOT
    likelihood = Likelihood.LIKELY
    lasts = False
    made_by = staticmethod(overtaking_commit)
    effects: Mapping[Situation, Effect] = {
        Situation.BEGIN_WRITING: _overtaken,
        Situation.FIRST_WRITE_IMPLICIT: _overtaken,
        Situation.FIRST_WRITE_IMPLICIT_IMMEDIATE: _overtaken,
        Situation.FIRST_WRITE: _overtaken,
        Situation.AUTOCOMMIT_WRITE: _overtaken,
        Situation.READ: _overtaken,
        Situation.READ_IN_TRANSACTION: _overtaken,
    }
    reasons: Mapping[Situation, str] = {
        Situation.LATER_WRITE: "the transaction holds the write lock, so no other can commit",
    }

    def obstacle(self, call: Call, situation: Situation, /) -> str | None:
        """Why it cannot strike although the situation is one of its own."""
        connection = connection_of(call)
        if situation in READS and not _defines_what_is_missing(connection, call.statement):
            return "a read is never told that it is out of date"
        if connection.alone:
            return connection.alone
        if not connection.reading:
            return "the connection is not reading: its snapshot begins with this operation"
        if connection.journal != "wal":
            return "snapshots only get out of date in WAL mode"
        if not connection.can_take_write_lock():
            return "another connection holds the write lock, so none can commit before this"
        return None
