"""SQLITE_NOTADB: the file's header is not one of SQLite."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

from runfaults.sqlite.effect import Effect, connection_of, nothing, transaction_opened
from runfaults.sqlite.gate import Call
from runfaults.sqlite.real.overwritten import overwritten_header
from runfaults.sqlite.situation import Situation
from runfaults.sqlite.tabled_kind import TabledKind


def _met_by_first_write(call: Call) -> None:
    """A fresh connection meets it before CPython's `BEGIN`, another one behind it."""
    if not connection_of(call).fresh:
        transaction_opened(call)


class Notadb(TabledKind):
    """Another program has overwritten the file."""

    name = "notadb"
    summary = "file is not a database: its header was overwritten"
    code = sqlite3.SQLITE_NOTADB
    made_by = staticmethod(overwritten_header)
    effects: Mapping[Situation, Effect] = {
        Situation.BEGIN_WRITING: nothing,
        Situation.FIRST_WRITE_IMPLICIT: _met_by_first_write,
        Situation.FIRST_WRITE_IMPLICIT_IMMEDIATE: nothing,
        Situation.FIRST_WRITE: nothing,
        Situation.AUTOCOMMIT_WRITE: nothing,
        Situation.READ: nothing,
        Situation.READ_IN_TRANSACTION: nothing,
    }
    reasons: Mapping[Situation, str] = {
        Situation.CONNECT: "connecting does not read the file",
        Situation.LATER_WRITE: "the header was read when the transaction began",
        Situation.READ_WHILE_WRITING: "the header was read when the transaction began",
        Situation.COMMIT: "COMMIT does not read the header",
    }

    def obstacle(self, call: Call, _situation: Situation, /) -> str | None:
        """Why it cannot strike although the situation is one of its own."""
        connection = connection_of(call)
        if not connection.path:
            return "the database is in memory: there is no file"
        if connection.reading:
            return "the header was read when the read began"
        if not connection.fresh and connection.journal == "wal":
            return "in WAL mode only a fresh connection reads the header"
        return None
