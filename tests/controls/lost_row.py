"""`start` raises because the answer of its COMMIT was lost, and leaves its row pending for ever."""

from __future__ import annotations

import sqlite3

from plain_manager import Job, PlainManager, PlainTarget


class LostRowManager(PlainManager):
    def insert(self) -> Job:
        return self.attempt(self.insert_once)

    def insert_once(self, connection: sqlite3.Connection) -> Job:
        cursor = connection.execute(
            "INSERT INTO runs (scope, status, created_at) VALUES ('full', 'pending', 'now')"
        )
        assert cursor.lastrowid is not None
        return self.known(cursor.lastrowid)


class TidiedRowManager(LostRowManager):
    def insert(self) -> Job:
        try:
            return super().insert()
        except (sqlite3.Error, MemoryError):
            if self.job is not None:
                self.conclude(self.job, "failed")
            raise


class LostRow(PlainTarget):
    manager = LostRowManager


class TidiedRow(PlainTarget):
    manager = TidiedRowManager
