"""`executemany` that fails between two rows: what remains of the first ones depends on the mode."""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from typing import Any

import pytest
from small_jobs import Jobs, broken, refused

SCHEMA = "CREATE TABLE parts (number INTEGER PRIMARY KEY, job INTEGER)"
FIRST = "pipeline succeeds; fault ioerr-write at run execute INSERT parts"
SECOND = f"{FIRST} row 2"
FOURTH = f"{FIRST} row 4"


class EachByItself(Jobs):
    """The planted bug: each row commits itself, and a second try begins with the first again."""

    options: dict[str, Any] = {"isolation_level": None}  # noqa: RUF012 - of `sqlite3.connect`

    def note(self, connection: sqlite3.Connection) -> None:
        try:
            self.write(connection)
        except sqlite3.OperationalError:
            self.write(connection)

    def write(self, connection: sqlite3.Connection) -> None:
        rows = ((number, 1) for number in range(5))
        done = connection.executemany("INSERT INTO parts VALUES (?, ?)", rows)
        assert done.rowcount == 5


class AllOrNothing(EachByItself):
    def write(self, connection: sqlite3.Connection) -> None:
        connection.execute("BEGIN IMMEDIATE")
        try:
            super().write(connection)
        except sqlite3.Error:
            with suppress(sqlite3.OperationalError):  # the engine may have done so
                connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")


class Implicit(EachByItself):
    """It relies on the transaction that CPython opens before the first row."""

    options: dict[str, Any] = {}  # noqa: RUF012 - of `sqlite3.connect`


@pytest.mark.parametrize("schedule", [SECOND, FOURTH])
def test_rows_that_a_failure_in_the_middle_has_left_are_found(schedule: str) -> None:
    assert "succeeded-never-failed" in broken(EachByItself, schedule, SCHEMA)
    for right in (AllOrNothing, Implicit):
        assert not broken(right, schedule, SCHEMA)


def test_a_failure_at_the_first_row_would_not_show_them() -> None:
    assert not broken(EachByItself, FIRST, SCHEMA)


def test_a_lock_is_met_by_a_row_that_is_a_transaction_of_its_own_only() -> None:
    at_second = "pipeline succeeds; fault busy at run execute INSERT parts row 2"
    assert "succeeded-never-failed" in broken(EachByItself, at_second, SCHEMA)
    assert refused(Implicit, at_second, SCHEMA).startswith("the transaction holds the write lock")
