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
from runfaults.sqlite.real.held_lock import overtaking_commit
from runfaults.sqlite.situation import Situation
from runfaults.sqlite.tabled_kind import TabledKind


def _overtaken(call: Call) -> None:
    """Another connection commits; then the operation itself fails, again and again."""
    with closing(connection_of(call).open_ungated()) as other:
        version = statement_on(other, "PRAGMA user_version")[0][0]
        statement_on(other, f"PRAGMA user_version = {version}")
    call.real()
    raise EmulationError("a write succeeded on a snapshot that is out of date")


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
    }
    reasons: Mapping[Situation, str] = {
        Situation.LATER_WRITE: "the transaction holds the write lock, so no other can commit",
    }

    def obstacle(self, call: Call, _situation: Situation, /) -> str | None:
        """Why it cannot strike although the situation is one of its own."""
        connection = connection_of(call)
        if connection.alone:
            return connection.alone
        if not connection.reading:
            return "the connection is not reading: its snapshot begins with this operation"
        if connection.journal != "wal":
            return "snapshots only get out of date in WAL mode"
        if not connection.can_take_write_lock():
            return "another connection holds the write lock, so none can commit before this"
        return None
