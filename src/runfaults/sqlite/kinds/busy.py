"""SQLITE_BUSY: another connection holds the lock that this operation needs."""

from __future__ import annotations

import sqlite3
from collections.abc import Generator, Mapping
from contextlib import closing, contextmanager, suppress

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
from runfaults.sqlite.real.held_lock import LOCK_STATEMENTS, held_lock
from runfaults.sqlite.real.recipe import Recipe
from runfaults.sqlite.situation import READS, Situation, situation_of
from runfaults.sqlite.tabled_kind import TabledKind

_AGAINST = {
    Situation.JOURNAL_MODE: ("shared",),
    Situation.CHECKPOINT: ("reserved",),
    Situation.OPTIMIZE: ("exclusive", "reserved"),
}
"""The locks of another connection that a pragma meets: the first one that can be had."""

_WAITING_CHECKPOINTS = frozenset({"full", "restart", "truncate"})

_COMMITS = frozenset({Situation.COMMIT, Situation.COMMIT_UNCHANGED, Situation.FETCH_OF_CHANGE})


@contextmanager
def _another(call: Call) -> Generator[sqlite3.Connection]:
    """Another connection to the same database, for which the call's own does not wait."""
    connection = connection_of(call)
    waiting, connection.busy_timeout = connection.busy_timeout, 0.0
    try:
        with closing(connection.open_ungated()) as other:
            yield other
    finally:
        connection.busy_timeout = waiting


def _met_a_lock(call: Call) -> object:
    """Another connection has a lock; the operation itself fails, a checkpoint by its answer."""
    situation = situation_of(call)
    assert isinstance(situation, Situation)
    with _another(call) as other:
        for level in _AGAINST[situation]:
            with suppress(sqlite3.OperationalError):  # who keeps this one out is enough
                for sql in LOCK_STATEMENTS[level]:
                    statement_on(other, sql)
                break
        return call.real()


def met_a_reader(call: Call) -> None:
    """COMMIT while another connection reads: new readers are locked out until the transaction ends.

    Only the real COMMIT leaves that. Where an earlier try has left it already, a reader of our own
    could not get in, and there is nothing to add.
    """
    if connection_of(call).state.pending:
        return
    with _another(call) as reader:
        for sql in LOCK_STATEMENTS["shared"]:
            statement_on(reader, sql)
        call.real()
        raise EmulationError("COMMIT succeeded while another connection was reading")


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
        Situation.COMMIT: met_a_reader,
        Situation.COMMIT_UNCHANGED: met_a_reader,
        **dict.fromkeys(_AGAINST, _met_a_lock),
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
        return self._obstacle_to_pragma(call, situation) if situation in _AGAINST else None

    @staticmethod
    def _obstacle_to_reading(call: Call) -> str | None:
        connection = connection_of(call)
        if connection.reading or connection.state.kept:
            return "the connection holds a read lock already"
        if connection.journal == "wal" and not connection.fresh:
            return "in WAL mode others keep readers out only before their first read"
        if connection.journal == "wal" and connection.has_company:
            return "in WAL mode only a connection that has the database alone keeps readers out"
        return None

    @staticmethod
    def _obstacle_to_pragma(call: Call, situation: Situation) -> str | None:
        connection = connection_of(call)
        if connection.reading:
            return "the connection reads: the pragma fails because of that, or changes nothing"
        if (
            situation is Situation.CHECKPOINT
            and call.statement.argument not in _WAITING_CHECKPOINTS
        ):
            return "a passive checkpoint waits for no other connection"
        if (
            situation is Situation.OPTIMIZE
            and connection.journal == "wal"
            and not statement_on(connection, "PRAGMA optimize(-1)")
        ):
            return "there is nothing to optimize, so nothing is written"
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
        if situation_of(call) is Situation.JOURNAL_MODE:
            return connection_of(call).journal != "wal"
        return not (call.statement.writes and connection_of(call).reading)

    def cause(self, situation: Situation, /) -> Recipe:
        """See `TabledKind`."""
        if situation in _COMMITS:
            return held_lock("shared")
        if situation in READS:
            return held_lock("alone")
        return held_lock(_AGAINST.get(situation, ("reserved",))[0])

    def strike(self, call: Call) -> object:
        """See `FaultKind`."""
        if situation_of(call) in _AGAINST:
            return _met_a_lock(call)
        return super().strike(call)
