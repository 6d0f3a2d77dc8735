"""SQLITE_LOCKED: another connection that shares this one's cache uses the table."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing

from runfaults.sqlite.effect import Effect, connection_of
from runfaults.sqlite.engine import statement_on
from runfaults.sqlite.errors import EmulationError
from runfaults.sqlite.gate import Call
from runfaults.sqlite.situation import Situation
from runfaults.sqlite.tabled_kind import TabledKind


def _another_writes(call: Call) -> None:
    """Another connection to the shared cache has an open write; then the operation fails."""
    with closing(connection_of(call).open_ungated()) as other:
        statement_on(other, "BEGIN IMMEDIATE")
        if call.statement.reads:
            table = call.statement.table.replace('"', '""')
            statement_on(other, f'DELETE FROM "{table}" WHERE 0')  # noqa: S608 - quoted
        call.real()
    raise EmulationError("nothing was locked while another connection wrote to the shared cache")


class Locked(TabledKind):
    """In shared-cache mode, which locks tables and never waits."""

    name = "locked"
    summary = "database table is locked: by another connection to the same shared cache"
    code = sqlite3.SQLITE_LOCKED_SHAREDCACHE
    effects: Mapping[Situation, Effect] = {
        Situation.BEGIN_WRITING: _another_writes,
        Situation.FIRST_WRITE_IMPLICIT: _another_writes,
        Situation.FIRST_WRITE_IMPLICIT_IMMEDIATE: _another_writes,
        Situation.FIRST_WRITE: _another_writes,
        Situation.AUTOCOMMIT_WRITE: _another_writes,
        Situation.READ: _another_writes,
        Situation.READ_IN_TRANSACTION: _another_writes,
    }
    reasons: Mapping[Situation, str] = {
        Situation.COMMIT: "COMMIT in a shared cache was never seen to meet a lock",
        Situation.LATER_WRITE: "the transaction holds the write lock already",
    }

    def obstacle(self, call: Call, _situation: Situation, /) -> str | None:
        """Why it cannot strike although the situation is one of its own."""
        connection = connection_of(call)
        if not connection.shares_cache:
            return "the connection shares no cache (no 'cache=shared' in its URI)"
        if call.statement.reads and call.statement.verb != "SELECT":
            return "only reads of a table were measured"
        if not connection.can_take_write_lock():
            return "another connection writes already"
        return None
