"""SQLITE_NOMEM: no memory is left. Raised as `MemoryError`, which is no `sqlite3.Error`."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

from runfaults.sqlite.effect import Effect, connection_of, done, nothing
from runfaults.sqlite.gate import Call
from runfaults.sqlite.likelihood import Likelihood
from runfaults.sqlite.real.heap_limit import heap_limit
from runfaults.sqlite.situation import Situation
from runfaults.sqlite.tabled_kind import TabledKind


class Nomem(TabledKind):
    """The statement cannot be compiled, so nothing has happened."""

    name = "nomem"
    summary = "out of memory: MemoryError, before the statement began"
    code = sqlite3.SQLITE_NOMEM
    likelihood = Likelihood.REMOTE
    lasts = False
    made_by = staticmethod(heap_limit)
    effects: Mapping[Situation, Effect] = {
        Situation.CONNECT: nothing,
        Situation.BEGIN_WRITING: nothing,
        Situation.FIRST_WRITE_IMPLICIT: nothing,
        Situation.FIRST_WRITE_IMPLICIT_IMMEDIATE: nothing,
        Situation.FIRST_WRITE: nothing,
        Situation.LATER_WRITE: nothing,
        Situation.AUTOCOMMIT_WRITE: nothing,
        Situation.READ: nothing,
        Situation.READ_IN_TRANSACTION: nothing,
        Situation.READ_WHILE_WRITING: nothing,
        Situation.COMMIT: nothing,
        Situation.COMMIT_UNCHANGED: nothing,
        Situation.ROLLBACK: nothing,
        Situation.CLOSE: done,
    }

    def obstacle(self, call: Call, situation: Situation, /) -> str | None:
        """Why it cannot strike although the situation is one of its own."""
        if situation is Situation.CONNECT:
            return None
        if call.statement.text in connection_of(call).state.prepared:
            return "the statement is compiled already: what a lack of memory undoes then varies"
        return None

    def error(self) -> Exception:
        """The exception that CPython makes of SQLITE_NOMEM: no message, no code."""
        return MemoryError()
