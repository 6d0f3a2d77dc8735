"""SQLITE_BUSY_RECOVERY: another process is recovering the write-ahead log after a crash."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

from runfaults.sqlite.effect import Effect, connection_of, nothing, transaction_opened, unless_fresh
from runfaults.sqlite.gate import Call
from runfaults.sqlite.real.wal_recovery import recovery_by_another
from runfaults.sqlite.situation import Situation
from runfaults.sqlite.tabled_kind import TabledKind


class BusyRecovery(TabledKind):
    """The first use of a WAL database after a crash, while another process recovers it."""

    name = "busy-recovery"
    summary = "database is locked: another process recovers the write-ahead log (WAL)"
    code = sqlite3.SQLITE_BUSY_RECOVERY
    lasts = False
    made_by = staticmethod(recovery_by_another)
    effects: Mapping[Situation, Effect] = {
        Situation.BEGIN_WRITING: nothing,
        Situation.FIRST_WRITE_IMPLICIT: unless_fresh(transaction_opened),
        Situation.FIRST_WRITE_IMPLICIT_IMMEDIATE: nothing,
        Situation.FIRST_WRITE: nothing,
        Situation.AUTOCOMMIT_WRITE: nothing,
        Situation.READ: nothing,
        Situation.READ_IN_TRANSACTION: nothing,
    }
    waiting = frozenset(effects)

    def obstacle(self, call: Call, _situation: Situation, /) -> str | None:
        """Why it cannot strike although the situation is one of its own."""
        connection = connection_of(call)
        if connection.alone:
            return connection.alone
        if connection.reading or connection.state.kept:
            return "the connection reads already: it has the index of the log"
        if connection.journal != "wal":
            return "only a write-ahead log is recovered under a lock"
        return None
