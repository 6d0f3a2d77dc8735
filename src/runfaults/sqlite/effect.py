"""What a failed operation leaves behind: each effect is made by the real engine."""

from __future__ import annotations

from collections.abc import Callable

from runfaults.sqlite.gate import Call
from runfaults.sqlite.watched import WatchedConnection

Effect = Callable[[Call], None]


def connection_of(call: Call) -> WatchedConnection:
    """The connection of a call that is not `connect`."""
    assert call.connection is not None
    return call.connection


def nothing(call: Call) -> None:
    """Everything stays as it was."""


def transaction_opened(call: Call) -> None:
    """CPython's implicit `BEGIN` has happened; no lock is held."""
    connection_of(call).raw("BEGIN")


def write_lock_taken(call: Call) -> None:
    """The transaction has begun and the write lock is held, whatever was open before."""
    connection = connection_of(call)
    if not connection.in_transaction:
        connection.raw("BEGIN IMMEDIATE")


def rolled_back(call: Call) -> None:
    """The whole transaction is gone, with what its earlier statements did."""
    connection = connection_of(call)
    if connection.in_transaction:
        connection.raw("ROLLBACK")


def done(call: Call) -> None:
    """The operation has had its effect."""
    call.real()


def poisoned(call: Call) -> None:
    """The transaction stays, but writes and COMMIT will meet corruption until it is rolled back."""
    connection_of(call).state.poisoned = True


def transaction_opened_and_poisoned(call: Call) -> None:
    """CPython's implicit `BEGIN` has happened, and the transaction is of no use."""
    transaction_opened(call)
    poisoned(call)


def rows_lost(call: Call) -> None:
    """The read has ended: the cursor has no more rows."""
    assert call.cursor is not None
    call.cursor.lose_rows()


def rows_lost_and_rolled_back(call: Call) -> None:
    """The read has ended, and the transaction with it."""
    rows_lost(call)
    rolled_back(call)
