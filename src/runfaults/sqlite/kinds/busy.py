"""SQLITE_BUSY: another connection holds the lock that this operation needs."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

from runfaults.model import Operation
from runfaults.sqlite.effect import (
    Effect,
    change_undone,
    connection_of,
    nothing,
    transaction_opened,
)
from runfaults.sqlite.engine import statement_on
from runfaults.sqlite.errors import EmulationError
from runfaults.sqlite.gate import Call
from runfaults.sqlite.kinds.disk import COMMITS_LATER, commits_later
from runfaults.sqlite.likelihood import Likelihood
from runfaults.sqlite.real.held_lock import held_lock
from runfaults.sqlite.real.recipe import Recipe
from runfaults.sqlite.situation import READS, Situation
from runfaults.sqlite.tabled_kind import TabledKind

_COMMITS = frozenset({Situation.COMMIT, Situation.COMMIT_UNCHANGED, Situation.FETCH_OF_CHANGE})


def _met_a_reader(call: Call) -> None:
    """COMMIT while another connection reads: new readers are locked out until the transaction ends.

    Only the real COMMIT leaves that. Where an earlier try has left it already, a reader of our own
    could not get in, and there is nothing to add.
    """
    connection = connection_of(call)
    if connection.state.pending:
        return
    waiting, connection.busy_timeout = connection.busy_timeout, 0.0
    reader = connection.open_ungated()
    try:
        statement_on(reader, "BEGIN")
        statement_on(reader, "SELECT 1 FROM sqlite_master")
        call.real()
        raise EmulationError("COMMIT succeeded while another connection was reading")
    finally:
        connection.busy_timeout = waiting
        reader.close()


class Busy(TabledKind):
    """Another connection, of this process or another, holds the lock."""

    name = "busy"
    summary = "database is locked: another connection writes, or reads while this one commits"
    code = sqlite3.SQLITE_BUSY
    likelihood = Likelihood.LIKELY
    effects: Mapping[Situation, Effect] = {
        Situation.BEGIN_WRITING: nothing,
        Situation.FIRST_WRITE_IMPLICIT: transaction_opened,
        Situation.FIRST_WRITE_IMPLICIT_IMMEDIATE: nothing,
        Situation.FIRST_WRITE: nothing,
        Situation.AUTOCOMMIT_WRITE: nothing,
        Situation.READ: nothing,
        Situation.READ_IN_TRANSACTION: nothing,
        Situation.FETCH_OF_CHANGE: change_undone,
        Situation.COMMIT: _met_a_reader,
        Situation.COMMIT_UNCHANGED: _met_a_reader,
    }
    reasons: Mapping[Situation, str] = {
        Situation.CONNECT: "connecting does not read the file, so it meets no lock",
        Situation.LATER_WRITE: "the transaction holds the write lock already",
        Situation.READ_WHILE_WRITING: "the transaction holds the write lock already",
        Situation.FETCH: "the cursor holds its read lock already",
        Situation.FETCH_IN_TRANSACTION: "the cursor holds its read lock already",
        Situation.FETCH_OF_CHANGE_IN_TRANSACTION: "the transaction holds the write lock already",
        Situation.ROLLBACK: "ROLLBACK needs no lock",
    }

    def obstacle(self, call: Call, situation: Situation, /) -> str | None:
        """Why it cannot strike although the situation is one of its own."""
        connection = connection_of(call)
        if connection.alone:
            return connection.alone
        if situation is Situation.FETCH_OF_CHANGE and commits_later(call, situation):
            return COMMITS_LATER
        if situation in _COMMITS:
            return self._obstacle_at_commit(call)
        if not connection.path:
            return "the database is in memory, so no other connection can lock it"
        if situation in READS:
            return self._obstacle_to_reading(call)
        return None

    @staticmethod
    def _obstacle_to_reading(call: Call) -> str | None:
        connection = connection_of(call)
        if call.statement.table == "wal_checkpoint":
            return "PRAGMA wal_checkpoint reports a lock in its result, not by an error"
        if connection.reading or connection.state.kept:
            return "the connection holds a read lock already"
        if connection.journal == "wal":
            return "in WAL mode writers do not keep readers out"
        return None

    @staticmethod
    def _obstacle_at_commit(call: Call) -> str | None:
        connection = connection_of(call)
        if connection.journal == "wal":
            return "in WAL mode readers do not keep a COMMIT out"
        if connection.state.pending:
            return None
        if not connection.path:
            return "the database is in memory, so no other connection can read it"
        reader = connection.open_ungated()
        try:
            statement_on(reader, "SELECT 1 FROM sqlite_master")
        except sqlite3.Error:
            return (
                "the transaction has spilled its cache and holds the EXCLUSIVE lock, so no reader "
                "can block it"
            )
        finally:
            reader.close()
        return None

    def waits(self, call: Call) -> bool:
        """Not where a connection that reads already wants to write: the wait would never end."""
        if call.operation is Operation.FETCH:
            return True
        return not (call.statement.writes and connection_of(call).reading)

    def cause(self, situation: Situation, /) -> Recipe:
        """See `TabledKind`."""
        if situation in _COMMITS:
            return held_lock("shared")
        return held_lock("exclusive" if situation in READS else "reserved")
