"""SQLITE_IOERR_WRITE: the disk does not take what is written."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Mapping
from functools import partial

from runfaults.sqlite.effect import Effect, change_undone, nothing, rolled_back
from runfaults.sqlite.gate import Call
from runfaults.sqlite.kinds.disk import cannot_write
from runfaults.sqlite.real.system_call import WRITE_CALLS, failing_system_call
from runfaults.sqlite.situation import Situation
from runfaults.sqlite.tabled_kind import TabledKind


class IoerrWrite(TabledKind):
    """The whole transaction is rolled back, wherever it strikes."""

    name = "ioerr-write"
    summary = "disk I/O error while writing journal or database: the transaction is rolled back"
    code = sqlite3.SQLITE_IOERR_WRITE
    made_by = staticmethod(partial(failing_system_call, *WRITE_CALLS, error=errno.EIO))
    effects: Mapping[Situation, Effect] = {
        Situation.FIRST_WRITE_IMPLICIT: nothing,
        Situation.FIRST_WRITE_IMPLICIT_IMMEDIATE: nothing,
        Situation.FIRST_WRITE: rolled_back,
        Situation.LATER_WRITE: rolled_back,
        Situation.AUTOCOMMIT_WRITE: nothing,
        Situation.FETCH_OF_CHANGE: change_undone,
        Situation.COMMIT: rolled_back,
    }
    reasons: Mapping[Situation, str] = {
        Situation.CONNECT: "connecting writes nothing",
        Situation.BEGIN_WRITING: "BEGIN writes nothing",
        Situation.FETCH_OF_CHANGE_IN_TRANSACTION: "nothing is written before COMMIT",
        Situation.COMMIT_UNCHANGED: "the transaction changed nothing: COMMIT writes nothing",
        Situation.ROLLBACK: "ROLLBACK reports no error of the disk",
    }

    def obstacle(self, call: Call, situation: Situation, /) -> str | None:
        """Why it cannot strike although the situation is one of its own."""
        return cannot_write(call, situation)
