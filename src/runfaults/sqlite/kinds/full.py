"""SQLITE_FULL: the disk has no room left."""

from __future__ import annotations

import errno
import sqlite3

from runfaults.sqlite.effect import connection_of
from runfaults.sqlite.gate import Call
from runfaults.sqlite.kinds.ioerr_write import IoerrWrite
from runfaults.sqlite.real.recipe import Recipe
from runfaults.sqlite.real.system_call import WRITE_CALLS, failing_system_call
from runfaults.sqlite.shape import surely_changes_one_row
from runfaults.sqlite.situation import WRITES, Situation

_TRANSACTIONAL = WRITES - {Situation.AUTOCOMMIT_WRITE}


class Full(IoerrWrite):
    """Journal or database cannot grow: strikes and undoes as a disk that takes no write."""

    name = "full"
    summary = "database or disk is full: the transaction is rolled back"
    code = sqlite3.SQLITE_FULL

    def obstacle(self, call: Call, situation: Situation, /) -> str | None:
        """Why it cannot strike although the situation is one of its own."""
        if situation in _TRANSACTIONAL and not surely_changes_one_row(
            connection_of(call), call.statement
        ):
            return (
                "what a full disk undoes of a statement that may change several rows depends on "
                "the constraints of the table"
            )
        return super().obstacle(call, situation)

    def cause(self, _situation: Situation, /) -> Recipe:
        """See `TabledKind`."""
        return failing_system_call(*WRITE_CALLS, error=errno.ENOSPC)
