"""A job with three defects; its adapter is in another file."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path


class Job(threading.Thread):
    """One job: the body of its thread is a method of its own."""

    def __init__(self, database: Path, work: Callable[..., None], number: int) -> None:
        super().__init__()
        self.database, self.work, self.number = database, work, number
        self.cancelled = threading.Event()

    def run(self) -> None:
        try:
            self.work(None, self.number, cancelled=self.cancelled.is_set)
            self.record("done")
        except sqlite3.Error:
            self.record("error")  # the mistake: the work had succeeded
        except RuntimeError:
            self.record("error")
            raise ValueError from None  # the mistake: the thread dies of it

    def cancel(self) -> bool:
        self.cancelled.set()
        self.record("cancelled")  # the mistake: it may be over
        return True

    def record(self, state: str) -> None:
        with closing(sqlite3.connect(self.database)) as connection, connection:
            connection.execute("UPDATE jobs SET state = ? WHERE id = ?", (state, self.number))
