"""Closing the manager ends its attempts to record: the run stays running."""

from __future__ import annotations

import contextlib
import sqlite3
import time

from plain_manager import PAUSE, Job, PlainManager, PlainTarget


class RecordsBeforeClosingManager(PlainManager):
    def record(self, job: Job, outcome: str) -> str:
        while True:
            with contextlib.suppress(sqlite3.Error, MemoryError):
                return self.attempt(lambda connection: self.record_once(connection, job, outcome))
            if self.gives_up():
                return outcome
            time.sleep(PAUSE)

    def gives_up(self) -> bool:
        return False


class CloseWhileRecordingManager(RecordsBeforeClosingManager):
    def gives_up(self) -> bool:
        return self.closed


class CloseWhileRecording(PlainTarget):
    manager = CloseWhileRecordingManager


class RecordsBeforeClosing(PlainTarget):
    manager = RecordsBeforeClosingManager
