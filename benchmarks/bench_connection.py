"""`FaultyConnection` with nothing armed against plain `sqlite3`."""

from __future__ import annotations

import sqlite3
from typing import Any

import pytest

from measuring import measure
from runfaults.sqlite import FaultyConnection

MANY = 5_000
ROWS = 1_000

both = pytest.mark.parametrize("factory", [sqlite3.Connection, FaultyConnection])


def opened(factory: type[sqlite3.Connection]) -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:", factory=factory)
    connection.execute("CREATE TABLE numbers (n INTEGER)")
    connection.executemany("INSERT INTO numbers VALUES (?)", [(n,) for n in range(ROWS)])
    connection.commit()
    return connection


@both
def test_execute(benchmark: Any, factory: type[sqlite3.Connection]) -> None:
    connection = opened(factory)

    def execute() -> None:
        for _ in range(MANY):
            connection.execute("SELECT 1")

    measure(benchmark, execute, per=MANY, rounds=15)


@both
def test_fetch_a_thousand_rows(benchmark: Any, factory: type[sqlite3.Connection]) -> None:
    connection = opened(factory)

    def fetch() -> None:
        for _ in range(100):
            assert len(connection.execute("SELECT n FROM numbers").fetchall()) == ROWS

    measure(benchmark, fetch, per=100, rounds=15)


@both
def test_commit(benchmark: Any, factory: type[sqlite3.Connection]) -> None:
    connection = opened(factory)

    def commit() -> None:
        for n in range(MANY):
            connection.execute("UPDATE numbers SET n = ? WHERE rowid = 1", (n,))
            connection.commit()

    measure(benchmark, commit, per=MANY, rounds=15)
