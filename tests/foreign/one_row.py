"""A job manager so small that only its way of running the job matters."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from runfaults.model import Vocabulary
from runfaults.targets.target import Audit, Work

Way = Callable[[Callable[[], None]], Callable[[], object]]
"""Starts a job somehow; returns what waits for its end."""


class OneRowManager:
    """Has one run, whose status it records."""

    def __init__(self, database: Path, work: Work, way: Way) -> None:
        self._database = database
        self._work = work
        self._way = way
        self._wait: Callable[[], object] = lambda: None

    def start(self) -> int:
        with closing(sqlite3.connect(self._database)) as connection:
            connection.execute("INSERT INTO runs VALUES (1, 'running')")
            connection.commit()
        self._wait = self._way(self._job)
        return 1

    def wait(self, run: int) -> None:
        self._wait()

    def close(self) -> None:
        """Nothing is held."""

    def _job(self) -> None:
        with closing(sqlite3.connect(self._database)) as connection:
            try:
                self._work(connection, 1)
                status = "done"
            except BaseException:  # noqa: BLE001 - the script may raise SystemExit
                status = "failed"
            connection.rollback()
            connection.execute("UPDATE runs SET status = ? WHERE id = 1", (status,))
            connection.commit()


class OneRow:
    """The target around it."""

    name = "one-row"
    vocabulary = Vocabulary(
        active=frozenset({"running"}),
        completed=frozenset({"done"}),
        cancelled=frozenset(),
        failed=frozenset({"failed"}),
    )
    audit = Audit("runs", "id", "status")

    def __init__(self, way: Way) -> None:
        self._way = way

    def prepare(self, database: Path) -> None:
        with closing(sqlite3.connect(database)) as connection:
            connection.execute("CREATE TABLE runs (id INTEGER PRIMARY KEY, status TEXT)")
            connection.commit()

    def open(self, database: Path, work: Work) -> OneRowManager:
        return OneRowManager(database, work, self._way)
