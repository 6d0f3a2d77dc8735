"""The operation succeeded, and an error is raised all the same."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

from runfaults.sqlite.effect import Effect, done
from runfaults.sqlite.situation import Situation
from runfaults.sqlite.tabled_kind import TabledKind


class LostAcknowledgement(TabledKind):
    """An interrupt that comes after the work was done, before the statement has ended."""

    name = "lost-acknowledgement"
    summary = "interrupted after the effect: COMMIT has committed, and raises"
    code = sqlite3.SQLITE_INTERRUPT
    effects: Mapping[Situation, Effect] = {
        Situation.BEGIN_WRITING: done,
        Situation.COMMIT: done,
        Situation.COMMIT_UNCHANGED: done,
        Situation.ROLLBACK: done,
    }
