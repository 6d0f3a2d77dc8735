"""SQLITE_READONLY: the connection may not write."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

from runfaults.sqlite.effect import Effect, nothing, transaction_opened
from runfaults.sqlite.real.query_only import query_only
from runfaults.sqlite.situation import Situation
from runfaults.sqlite.tabled_kind import TabledKind


class Readonly(TabledKind):
    """Writing is refused: by the file's permissions, or by `PRAGMA query_only`."""

    name = "readonly"
    summary = "attempt to write a readonly database"
    code = sqlite3.SQLITE_READONLY
    made_by = staticmethod(query_only)
    effects: Mapping[Situation, Effect] = {
        Situation.BEGIN_WRITING: nothing,
        Situation.FIRST_WRITE_IMPLICIT: transaction_opened,
        Situation.FIRST_WRITE_IMPLICIT_IMMEDIATE: nothing,
        Situation.FIRST_WRITE: nothing,
        Situation.LATER_WRITE: nothing,
        Situation.AUTOCOMMIT_WRITE: nothing,
    }
    reasons: Mapping[Situation, str] = {
        Situation.CONNECT: "connecting opens a file that may not be written without complaint",
        Situation.COMMIT: "what was allowed to be written may be committed",
        Situation.ROLLBACK: "ROLLBACK needs no permission",
    }
