"""SQLITE_FULL: the disk has no room left."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

from runfaults.sqlite.effect import Effect, rolled_back
from runfaults.sqlite.gate import Call
from runfaults.sqlite.kinds.disk import cannot_write
from runfaults.sqlite.situation import Situation
from runfaults.sqlite.tabled_kind import TabledKind


class Full(TabledKind):
    """Journal or database cannot grow."""

    name = "full"
    summary = "database or disk is full"
    code = sqlite3.SQLITE_FULL
    effects: Mapping[Situation, Effect] = {
        Situation.COMMIT: rolled_back,
    }
    reasons: Mapping[Situation, str] = {
        Situation.COMMIT_UNCHANGED: "the transaction changed nothing: COMMIT writes nothing",
        Situation.BEGIN_WRITING: "BEGIN writes nothing",
        Situation.ROLLBACK: "ROLLBACK reports no error of the disk",
    }

    def obstacle(self, call: Call, situation: Situation) -> str | None:
        """Why it cannot strike although the situation is one of its own."""
        return cannot_write(call, situation)
