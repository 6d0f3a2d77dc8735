"""SQLITE_FULL: the disk has no room left."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Mapping

from runfaults.sqlite.effect import (
    Effect,
    connection_of,
    nothing,
    rolled_back,
)
from runfaults.sqlite.gate import Call
from runfaults.sqlite.kinds.disk import cannot_write
from runfaults.sqlite.real.recipe import Recipe
from runfaults.sqlite.real.system_call import WRITE_CALLS, failing_system_call
from runfaults.sqlite.shape import surely_changes_one_row
from runfaults.sqlite.situation import WRITES, Situation
from runfaults.sqlite.tabled_kind import TabledKind

_TRANSACTIONAL = WRITES - {Situation.AUTOCOMMIT_WRITE}


class Full(TabledKind):
    """Journal or database cannot grow."""

    name = "full"
    summary = "database or disk is full: the transaction is rolled back"
    code = sqlite3.SQLITE_FULL
    effects: Mapping[Situation, Effect] = {
        Situation.FIRST_WRITE_IMPLICIT: nothing,
        Situation.FIRST_WRITE_IMPLICIT_IMMEDIATE: nothing,
        Situation.FIRST_WRITE: rolled_back,
        Situation.LATER_WRITE: rolled_back,
        Situation.AUTOCOMMIT_WRITE: nothing,
        Situation.COMMIT: rolled_back,
    }
    reasons: Mapping[Situation, str] = {
        Situation.CONNECT: "connecting writes nothing",
        Situation.BEGIN_WRITING: "BEGIN writes nothing",
        Situation.COMMIT_UNCHANGED: "the transaction changed nothing: COMMIT writes nothing",
        Situation.ROLLBACK: "ROLLBACK reports no error of the disk",
    }

    def obstacle(self, call: Call, situation: Situation, /) -> str | None:
        """Why it cannot strike although the situation is one of its own."""
        if situation in _TRANSACTIONAL and not surely_changes_one_row(
            connection_of(call), call.statement
        ):
            return (
                "what a full disk undoes of a statement that may change several rows depends on "
                "the constraints of the table"
            )
        return cannot_write(call, situation)

    def cause(self, _situation: Situation, /) -> Recipe:
        """See `TabledKind`."""
        return failing_system_call(*WRITE_CALLS, error=errno.ENOSPC)
