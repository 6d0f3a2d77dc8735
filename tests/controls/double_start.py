"""Two starts at once: both look, both find no active run, both insert one."""

from __future__ import annotations

import sqlite3

from plain_manager import Job, PlainManager, PlainTarget

from genglossary.db.runs_repository import get_active_run


class SingleStartManager(PlainManager):
    def start(self) -> int:
        if self.insist(get_active_run) is not None:
            raise RuntimeError("a run is active already")
        return super().start()


class DoubleStartManager(SingleStartManager):
    def insert(self) -> Job:
        def once(connection: sqlite3.Connection) -> Job:
            cursor = connection.execute(  # the mistake: nobody looks again
                "INSERT INTO runs (scope, status, created_at) VALUES ('full', 'pending', 'now')"
            )
            assert cursor.lastrowid is not None
            return self.known(cursor.lastrowid)

        return self.insist(once)


class DoubleStart(PlainTarget):
    manager = DoubleStartManager


class SingleStart(PlainTarget):
    manager = SingleStartManager
