"""SQLITE_INTERRUPT: `Connection.interrupt` from another thread, or a progress handler."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from functools import partial

from runfaults.sqlite.effect import (
    Effect,
    change_undone,
    done,
    nothing,
    read_lock_taken,
    rolled_back,
    rows_lost,
    rows_lost_and_rolled_back,
    unless_fresh,
)
from runfaults.sqlite.gate import Call
from runfaults.sqlite.likelihood import Likelihood, unless_interruptible
from runfaults.sqlite.real.progress import interrupt_after
from runfaults.sqlite.situation import Situation
from runfaults.sqlite.tabled_kind import TabledKind


class Interrupt(TabledKind):
    """A write that is interrupted takes its whole transaction with it; nothing else does."""

    name = "interrupt"
    summary = "interrupted: by Connection.interrupt() from another thread"
    code = sqlite3.SQLITE_INTERRUPT
    lasts = False
    made_by = staticmethod(partial(interrupt_after, 1))
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
        Situation.FETCH: rows_lost,
        Situation.FETCH_IN_TRANSACTION: rows_lost,
        Situation.FETCH_OF_CHANGE: change_undone,
        Situation.FETCH_OF_CHANGE_IN_TRANSACTION: rows_lost_and_rolled_back,
        Situation.COMMIT: nothing,
        Situation.COMMIT_UNCHANGED: nothing,
        Situation.ROLLBACK: nothing,
        Situation.CLOSE: done,
    }
    reasons: Mapping[Situation, str] = {
        Situation.CONNECT: "there is no connection yet that could be interrupted"
    }

    def likelihood_at(self, call: Call, /) -> Likelihood:
        """Remote where no progress handler can interrupt."""
        return unless_interruptible(call)
