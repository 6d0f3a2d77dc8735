"""SQLITE_INTERRUPT: `Connection.interrupt` from another thread, or a progress handler."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

from runfaults.sqlite.effect import (
    Effect,
    connection_of,
    done,
    nothing,
    read_lock_taken,
    rolled_back,
    unless_fresh,
)
from runfaults.sqlite.gate import Call
from runfaults.sqlite.likelihood import Likelihood, unless_interruptible
from runfaults.sqlite.real.progress import interrupted
from runfaults.sqlite.situation import Situation
from runfaults.sqlite.tabled_kind import TabledKind


def _interrupted_for_real(call: Call) -> object:
    """A cursor has rows left: it, and all that begins before it ends, is interrupted for real."""
    connection = connection_of(call)
    connection.state.interrupted = True
    return interrupted()(connection, call.real)


class Interrupt(TabledKind):
    """A write that is interrupted takes its whole transaction with it; nothing else does.

    While a cursor has rows left, nothing succeeds on its connection until that has ended.
    """

    name = "interrupt"
    summary = "interrupted: by Connection.interrupt() from another thread"
    code = sqlite3.SQLITE_INTERRUPT
    lasts = False
    made_by = staticmethod(interrupted)
    effects: Mapping[Situation, Effect] = {
        Situation.BEGIN_WRITING: nothing,
        Situation.FIRST_WRITE_IMPLICIT: nothing,
        Situation.FIRST_WRITE_IMPLICIT_IMMEDIATE: nothing,
        Situation.FIRST_WRITE: unless_fresh(rolled_back),
        Situation.LATER_WRITE: unless_fresh(rolled_back),
        Situation.AUTOCOMMIT_WRITE: nothing,
        Situation.READ: nothing,
        Situation.READ_IN_TRANSACTION: unless_fresh(read_lock_taken),
        Situation.READ_WHILE_WRITING: nothing,
        Situation.FETCH: _interrupted_for_real,
        Situation.FETCH_IN_TRANSACTION: _interrupted_for_real,
        Situation.FETCH_OF_CHANGE: _interrupted_for_real,
        Situation.FETCH_OF_CHANGE_IN_TRANSACTION: _interrupted_for_real,
        Situation.COMMIT: nothing,
        Situation.COMMIT_UNCHANGED: nothing,
        Situation.ROLLBACK: nothing,
        Situation.CLOSE: done,
    }
    reasons: Mapping[Situation, str] = {
        Situation.CONNECT: "there is no connection yet that could be interrupted"
    }

    def strike(self, call: Call) -> object:
        """See `FaultKind`."""
        if call.connection is not None and call.connection.has_unfinished_cursor:
            return _interrupted_for_real(call)
        return super().strike(call)

    def likelihood_at(self, call: Call, /) -> Likelihood:
        """Remote where no progress handler can interrupt."""
        return unless_interruptible(call)
