"""What is recorded with RETURNING in autocommit can fail at the fetch, where it commits."""

from __future__ import annotations

import sqlite3

import pytest
from small_jobs import Jobs, broken

RECORD = "UPDATE jobs SET state = ? WHERE id = ? RETURNING state"


class TakesExecutedForRecorded(Jobs):
    """Tries again what fails when it is executed; the answer is only for the log."""

    options = {"isolation_level": None}  # noqa: RUF012 - as cases are written

    def record(self, connection: sqlite3.Connection, job: int, state: str) -> None:
        while True:
            try:
                cursor = connection.execute(RECORD, (state, job))
            except sqlite3.OperationalError:
                continue
            break
        try:
            cursor.fetchone()
        except sqlite3.OperationalError:
            return  # it has been executed, after all


class LooksWhetherItIsRecorded(TakesExecutedForRecorded):
    def record(self, connection: sqlite3.Connection, job: int, state: str) -> None:
        while True:
            try:
                connection.execute(RECORD, (state, job)).fetchone()
            except sqlite3.OperationalError:
                continue
            return


AT_FETCH = ("busy", "full", "ioerr-write", "ioerr-fsync", "interrupt")


@pytest.mark.parametrize("kind", AT_FETCH)
def test_a_record_that_is_undone_at_the_fetch_is_missed(kind: str) -> None:
    schedule = f"pipeline succeeds; fault {kind} at run fetch UPDATE jobs"
    assert "eventually-terminal" in broken(TakesExecutedForRecorded, schedule)
    assert not broken(LooksWhetherItIsRecorded, schedule)


def test_a_record_that_is_made_at_the_fetch_is_there_though_that_raises() -> None:
    schedule = "pipeline succeeds; fault lost-acknowledgement at run fetch UPDATE jobs"
    assert not broken(TakesExecutedForRecorded, schedule)
    assert not broken(LooksWhetherItIsRecorded, schedule)
