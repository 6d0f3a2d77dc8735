"""SQLITE_IOERR_FSYNC: the disk does not confirm that it has what was written."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

from runfaults.sqlite.effect import Effect, change_undone, connection_of, nothing, rolled_back
from runfaults.sqlite.engine import statement_on
from runfaults.sqlite.gate import Call
from runfaults.sqlite.kinds.disk import COMMITS_LATER, cannot_write, commits_later
from runfaults.sqlite.real.seccomp import failing_sync
from runfaults.sqlite.situation import Situation
from runfaults.sqlite.tabled_kind import TabledKind

_NEEDED = {"delete": 1, "wal": 2}
"""The value of `PRAGMA synchronous` from which on COMMIT waits for the disk (SQLite docs)."""


class IoerrFsync(TabledKind):
    """COMMIT is rolled back."""

    name = "ioerr-fsync"
    summary = "disk I/O error while waiting for the disk at COMMIT: the transaction is rolled back"
    code = sqlite3.SQLITE_IOERR_FSYNC
    made_by = staticmethod(failing_sync)
    effects: Mapping[Situation, Effect] = {
        Situation.AUTOCOMMIT_WRITE: nothing,
        Situation.FETCH_OF_CHANGE: change_undone,
        Situation.COMMIT: rolled_back,
    }
    reasons: Mapping[Situation, str] = {
        Situation.COMMIT_UNCHANGED: "the transaction changed nothing: COMMIT writes nothing",
    }

    def obstacle(self, call: Call, situation: Situation, /) -> str | None:
        """Why it cannot strike although the situation is one of its own."""
        if commits_later(call, situation):
            return COMMITS_LATER
        reason = cannot_write(call, situation)
        if reason is not None:
            return reason
        connection = connection_of(call)
        # Setting it reads the schema: a fresh connection has the default, which is FULL.
        level = 2 if connection.fresh else statement_on(connection, "PRAGMA synchronous")[0][0]
        assert isinstance(level, int)
        if level < _NEEDED[connection.journal]:
            return f"with PRAGMA synchronous={level} COMMIT does not wait for the disk"
        return None
