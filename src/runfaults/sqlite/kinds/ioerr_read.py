"""SQLITE_IOERR_READ: the disk does not give back what was written."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Mapping
from functools import partial

from runfaults.sqlite.effect import (
    Effect,
    connection_of,
    nothing,
    rolled_back,
    rows_lost,
    rows_lost_and_rolled_back,
    unless_fresh,
)
from runfaults.sqlite.gate import Call
from runfaults.sqlite.kinds.disk import finds_pages_in_cache
from runfaults.sqlite.real.system_call import READ_CALLS, failing_system_call
from runfaults.sqlite.situation import Situation
from runfaults.sqlite.tabled_kind import TabledKind

_AS_A_WRITE = "a COMMIT that cannot read leaves what one leaves that cannot write"


class IoerrRead(TabledKind):
    """A page that is not in the cache cannot be read; the transaction is rolled back.

    This is what ESTALE (a network file system) or ENXIO becomes; EIO becomes `corrupt`.
    """

    name = "ioerr-read"
    summary = "disk I/O error while reading the database: a transaction is rolled back"
    code = sqlite3.SQLITE_IOERR_READ
    made_by = staticmethod(partial(failing_system_call, *READ_CALLS, error=errno.ESTALE))
    effects: Mapping[Situation, Effect] = {
        Situation.BEGIN_WRITING: nothing,
        Situation.FIRST_WRITE_IMPLICIT: nothing,
        Situation.FIRST_WRITE_IMPLICIT_IMMEDIATE: nothing,
        Situation.FIRST_WRITE: unless_fresh(rolled_back),
        Situation.LATER_WRITE: rolled_back,
        Situation.AUTOCOMMIT_WRITE: nothing,
        Situation.READ: nothing,
        Situation.READ_IN_TRANSACTION: unless_fresh(rolled_back),
        Situation.READ_WHILE_WRITING: rolled_back,
        Situation.FETCH: rows_lost,
        Situation.FETCH_IN_TRANSACTION: rows_lost_and_rolled_back,
    }
    reasons: Mapping[Situation, str] = {
        Situation.CONNECT: "connecting does not read the file",
        Situation.FETCH_OF_CHANGE: _AS_A_WRITE,
        Situation.FETCH_OF_CHANGE_IN_TRANSACTION: "the change has read what it needs",
        Situation.COMMIT: _AS_A_WRITE,
        Situation.ROLLBACK: "ROLLBACK reports no error of the disk",
    }

    def obstacle(self, call: Call, situation: Situation, /) -> str | None:
        """Why it cannot strike although the situation is one of its own."""
        if not connection_of(call).path:
            return "the database is in memory: there is no disk"
        return finds_pages_in_cache(call, situation)
