"""The SQL of a real run, recorded call by call, and played again without the program around it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Step = Callable[[dict[int, Any], str], object]
"""One call: gets what the calls before it made, by number, and the path of the database."""


class Recording:
    """The calls of every connection that is opened while it is entered, in their order."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.statements: list[str] = []
        self._made = 0

    def next_number(self) -> int:
        """Of the next connection or cursor."""
        self._made += 1
        return self._made

    def replay(self, database: Path) -> None:
        """Make the same calls, one after the other, on one thread."""
        made: dict[int, Any] = {}
        path = str(database)
        for step in self.steps:
            step(made, path)


def _fetching(name: str) -> Callable[..., Any]:
    def fetch(cursor: _Cursor, *arguments: Any) -> Any:
        number = cursor.number
        cursor.recording.steps.append(lambda made, _: getattr(made[number], name)(*arguments))
        return getattr(sqlite3.Cursor, name)(cursor, *arguments)

    return fetch


class _Cursor(sqlite3.Cursor):
    recording: Recording
    number: int
    fetchone = _fetching("fetchone")
    fetchall = _fetching("fetchall")
    __next__ = _fetching("__next__")


def _plain(name: str) -> Callable[..., Any]:
    def call(connection: _Connection) -> Any:
        number = connection.number
        connection.recording.steps.append(lambda made, _: getattr(made[number], name)())
        connection.recording.statements.append(name)
        return getattr(sqlite3.Connection, name)(connection)

    return call


class _Connection(sqlite3.Connection):
    recording: Recording
    number: int
    commit = _plain("commit")
    rollback = _plain("rollback")
    close = _plain("close")

    def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
        recording, connection, number = self.recording, self.number, self.recording.next_number()

        def step(made: dict[int, Any], _: str) -> None:
            made[number] = made[connection].execute(sql, parameters)

        recording.steps.append(step)
        recording.statements.append(sql)
        cursor = super().cursor(_Cursor)
        cursor.recording, cursor.number = recording, number
        return cursor.execute(sql, parameters)

    def __setattr__(self, name: str, value: object) -> None:
        super().__setattr__(name, value)
        if name in {"row_factory", "text_factory", "isolation_level"}:
            number = self.number
            self.recording.steps.append(lambda made, _: setattr(made[number], name, value))


@contextmanager
def recorded() -> Generator[Recording]:
    """Record all that is done with `sqlite3.connect` inside of the block."""
    recording = Recording()
    real = sqlite3.connect

    def connect(database: str, **named: Any) -> sqlite3.Connection:
        number = recording.next_number()

        def step(made: dict[int, Any], path: str) -> None:
            made[number] = real(path, **named)

        recording.steps.append(step)
        recording.statements.append("connect")
        connection = real(database, factory=_Connection, **named)
        connection.__dict__.update(recording=recording, number=number)
        return connection

    sqlite3.connect = connect  # type: ignore[assignment]  # for the length of one run
    try:
        yield recording
    finally:
        sqlite3.connect = real
