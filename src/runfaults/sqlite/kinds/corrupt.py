"""SQLITE_CORRUPT: a page cannot be right, or the disk reports EIO while it is read."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Mapping
from functools import partial

from runfaults.sqlite.effect import (
    Effect,
    connection_of,
    nothing,
    poisoned,
    rows_lost,
    transaction_opened,
    write_lock_taken,
)
from runfaults.sqlite.gate import Call
from runfaults.sqlite.kinds.disk import finds_pages_in_cache
from runfaults.sqlite.real.system_call import READ_CALLS, failing_system_call
from runfaults.sqlite.situation import Situation
from runfaults.sqlite.tabled_kind import TabledKind


def _read_poisoned(call: Call) -> None:
    """The read has ended, and the transaction is of no use."""
    rows_lost(call)
    poisoned(call)


def _write_poisoned(call: Call) -> None:
    """A connection that reads already has the lock when it meets the page; others meet it first."""
    connection = connection_of(call)
    if connection.reading:
        write_lock_taken(call)
    elif not connection.in_transaction:
        transaction_opened(call)
    poisoned(call)


def _immediate_write_poisoned(call: Call) -> None:
    """A connection that reads already gets its lock, and meets the page; others get no lock."""
    if connection_of(call).reading:
        write_lock_taken(call)
        poisoned(call)


class Corrupt(TabledKind):
    """A transaction that meets corruption stays open, but can only be rolled back."""

    name = "corrupt"
    summary = "database disk image is malformed: the open transaction can only be rolled back"
    code = sqlite3.SQLITE_CORRUPT
    made_by = staticmethod(partial(failing_system_call, *READ_CALLS, error=errno.EIO))
    effects: Mapping[Situation, Effect] = {
        Situation.BEGIN_WRITING: nothing,
        Situation.FIRST_WRITE_IMPLICIT: _write_poisoned,
        Situation.FIRST_WRITE_IMPLICIT_IMMEDIATE: _immediate_write_poisoned,
        Situation.FIRST_WRITE: _write_poisoned,
        Situation.LATER_WRITE: poisoned,
        Situation.AUTOCOMMIT_WRITE: nothing,
        Situation.READ: nothing,
        Situation.READ_IN_TRANSACTION: poisoned,
        Situation.READ_WHILE_WRITING: poisoned,
        Situation.FETCH_IN_TRANSACTION: _read_poisoned,
        Situation.FETCH: rows_lost,
    }
    reasons: Mapping[Situation, str] = {
        Situation.CONNECT: "connecting does not read the file",
        Situation.COMMIT: "COMMIT reads no page; it only reports corruption that was met before",
        Situation.ROLLBACK: "ROLLBACK reports no error of the disk",
    }

    def obstacle(self, call: Call, situation: Situation, /) -> str | None:
        """Why it cannot strike although the situation is one of its own."""
        if not connection_of(call).path:
            return "the database is in memory: there is no disk"
        if connection_of(call).fresh and situation is not Situation.BEGIN_WRITING:
            return "a connection that reads the schema reports this as another error"
        return finds_pages_in_cache(call, situation)
