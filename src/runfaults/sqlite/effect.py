"""Effects of a failed operation: each is made by the real engine."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import suppress

from runfaults.sqlite.gate import Call
from runfaults.sqlite.observed import Observed
from runfaults.sqlite.real.progress import interrupt_after

Effect = Callable[[Call], object]


def connection_of(call: Call) -> Observed:
    """The connection of a call that is not `connect`."""
    assert call.connection is not None
    return call.connection


def nothing(call: Call) -> None:
    """Everything stays as it was."""


def transaction_opened(call: Call) -> None:
    """CPython's implicit `BEGIN` has happened; no lock is held."""
    connection_of(call).execute_ungated("BEGIN")


def read_lock_taken(call: Call) -> None:
    """The open transaction holds a read lock."""
    connection_of(call).execute_ungated("SELECT 1 FROM sqlite_master")


def write_lock_taken(call: Call) -> None:
    """A transaction is open and holds the write lock, though nothing is written."""
    connection = connection_of(call)
    if not connection.in_transaction:
        begin = connection.opens_transactions if call.statement.opens_implicitly else None
        connection.execute_ungated(begin if begin == "BEGIN EXCLUSIVE" else "BEGIN IMMEDIATE")
    elif not connection.writing:
        table = call.statement.table.replace('"', '""')
        connection.execute_ungated(f'DELETE FROM "{table}" WHERE 0')  # noqa: S608 - quoted


def rolled_back(call: Call) -> None:
    """The whole transaction is gone, with what its earlier statements did.

    Where `RELEASE` of the outermost savepoint fails, SQLite keeps the savepoint, now empty.
    """
    connection = connection_of(call)
    if connection.in_transaction:
        connection.execute_ungated("ROLLBACK")
        if call.statement.verb == "RELEASE":
            connection.execute_ungated(f'SAVEPOINT "{call.statement.savepoint}"')


def done(call: Call) -> None:
    """The operation has had its effect."""
    call.real()


def poisoned(call: Call) -> None:
    """The transaction stays, but writes and COMMIT will meet corruption until it is rolled back."""
    connection_of(call).state.poisoned = True


def unless_fresh(effect: Effect) -> Effect:
    """A fresh connection fails while it compiles the statement: then nothing has happened."""

    def leave(call: Call) -> None:
        if not connection_of(call).fresh:
            effect(call)

    summary = (effect.__doc__ or "").partition("\n\n")[0].rstrip(".")
    leave.__doc__ = f"{summary}; nothing, if the connection is fresh."
    return leave


def rows_lost(call: Call) -> None:
    """The read has ended: the cursor has no more rows."""
    assert call.cursor is not None
    call.cursor.lose_rows()


def change_undone(call: Call) -> None:
    """The change is gone, and its rows: it had not been committed."""
    assert call.cursor is not None
    with suppress(sqlite3.OperationalError):
        interrupt_after(1)(connection_of(call), call.cursor.lose_rows)


def rows_lost_and_rolled_back(call: Call) -> None:
    """The read has ended, and the transaction with it."""
    rows_lost(call)
    rolled_back(call)
