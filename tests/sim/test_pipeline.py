"""Whose transaction is open when the scripted work begins: the target's own, or the driver's."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from runfaults.sim.pipeline import is_begun_for


class AlwaysInTransaction(sqlite3.Connection):
    """As with `autocommit=False` since Python 3.12: the driver begins each transaction."""

    autocommit = False


def test_a_transaction_that_the_target_has_begun_is_its_own() -> None:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        assert not is_begun_for(connection)
        connection.execute("BEGIN")
        assert is_begun_for(connection)


def test_one_that_is_always_open_says_nothing() -> None:
    connection = sqlite3.connect(":memory:", isolation_level=None, factory=AlwaysInTransaction)
    with closing(connection):
        connection.execute("BEGIN")
        assert connection.in_transaction
        assert not is_begun_for(connection)


@pytest.mark.parametrize("closed", [True, False])
def test_none_is_open_where_there_is_no_connection(closed: bool) -> None:  # noqa: FBT001
    connection = None
    if closed:
        connection = sqlite3.connect(":memory:")
        connection.close()
    assert not is_begun_for(connection)
