"""The operation succeeded, and an error is raised all the same."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

from runfaults.sqlite.effect import Effect, connection_of, done
from runfaults.sqlite.gate import Call
from runfaults.sqlite.likelihood import Likelihood, unless_interruptible
from runfaults.sqlite.real.progress import interrupt_after
from runfaults.sqlite.real.recipe import Recipe, Unavailable
from runfaults.sqlite.shape import returns_one_row, surely_changes_one_row
from runfaults.sqlite.situation import FETCHES, FETCHES_OF_CHANGE, READS, WRITES, Situation
from runfaults.sqlite.tabled_kind import TabledKind

_SEVERAL_ROWS = "a statement of several rows is undone wherever it is interrupted"


class LostAcknowledgement(TabledKind):
    """An interrupt that comes after the work was done, before the statement has ended."""

    name = "lost-acknowledgement"
    summary = "interrupted after the effect: COMMIT has committed, and raises"
    code = sqlite3.SQLITE_INTERRUPT
    takes_effect = True
    lasts = False
    effects: Mapping[Situation, Effect] = {
        Situation.BEGIN_WRITING: done,
        Situation.FIRST_WRITE_IMPLICIT: done,
        Situation.FIRST_WRITE_IMPLICIT_IMMEDIATE: done,
        Situation.FIRST_WRITE: done,
        Situation.LATER_WRITE: done,
        Situation.AUTOCOMMIT_WRITE: done,
        Situation.FETCH_OF_CHANGE: done,
        Situation.FETCH_OF_CHANGE_IN_TRANSACTION: done,
        Situation.COMMIT: done,
        Situation.COMMIT_UNCHANGED: done,
        Situation.ROLLBACK: done,
    }
    reasons: Mapping[Situation, str] = {
        Situation.CONNECT: "there is no connection yet that could be interrupted",
        **dict.fromkeys(
            READS | FETCHES, "a read has no effect to be lost: interrupt strikes there"
        ),
    }

    def obstacle(self, call: Call, situation: Situation, /) -> str | None:
        """Why it cannot strike although the situation is one of its own."""
        if situation in FETCHES_OF_CHANGE:
            return None if returns_one_row(call) else _SEVERAL_ROWS
        if situation not in WRITES:
            return None
        if not surely_changes_one_row(connection_of(call), call.statement):
            return _SEVERAL_ROWS
        return None

    def cause(self, situation: Situation, /) -> Recipe:
        """See `TabledKind`."""
        if situation in WRITES | FETCHES_OF_CHANGE:
            raise Unavailable("at which step a change is done depends on the statement")
        # The number at which COMMIT, ROLLBACK and BEGIN IMMEDIATE are done and raise, found by
        # trying with SQLite 3.40.1.
        return interrupt_after(3, once=True)

    def likelihood_at(self, call: Call, /) -> Likelihood:
        """Remote where no progress handler can interrupt."""
        return unless_interruptible(call)
