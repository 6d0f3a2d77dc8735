"""Says what an operation on the database uses that other threads may use too.

A database has one writer at a time (SQLite docs, "File Locking And Concurrency", 3.0). So other
connections see two things of it: what is committed, and whether the write lock is free. A `BEGIN
IMMEDIATE` is no matter to those who read; and what a transaction writes before it ends is a matter
to its own connection alone, as long as it fits into the cache (same page, 5.0).
"""

from __future__ import annotations

import sqlite3

from runfaults.model import ENDING, Operation
from runfaults.sim.actor import Turns
from runfaults.sqlite.gate import Call
from runfaults.sqlite.observed import Observed

DATABASE = "database"
_WRITE_LOCK = "write lock"


def touch_used(turns: Turns, call: Call, connection: str, *, change: bool | None) -> None:
    """Note what an operation uses if nothing fails.

    Args:
        turns: Of the running actor.
        call: The operation.
        connection: What to call its connection, which threads may share.
        change: The answer of `changes`.
    """
    if call.operation is not _CONNECT:
        turns.touch(connection, change=change is not False)
    if change is None or _is_its_own_matter(call):
        return
    if _takes_write_lock_alone(call):
        turns.touch(DATABASE, change=False)
        turns.touch(_WRITE_LOCK, change=True)
    elif change:
        touch_all(turns)
    else:
        turns.touch(DATABASE, change=False)


def touch_all(turns: Turns) -> None:
    """Note that the running actor may have changed all that others see of the database."""
    turns.touch(DATABASE, change=True)
    turns.touch(_WRITE_LOCK, change=True)


def _takes_write_lock_alone(call: Call) -> bool:
    """Whether it keeps no reader out: `BEGIN EXCLUSIVE`, and `locking_mode`, may."""
    connection = call.connection
    return (
        call.statement.subject == "BEGIN IMMEDIATE"
        and connection is not None
        and not connection.state.exclusive
    )


def _is_its_own_matter(call: Call) -> bool:
    """Whether it writes into a transaction that has the write lock already."""
    connection = call.connection
    return (
        call.operation is _EXECUTE
        and call.statement.verb in _CHANGING_ROWS
        and connection is not None
        and connection.state.writing
        and not connection.state.beside_main
        and not connection.shares_cache
    )


def changes(call: Call) -> bool | None:
    """Whether others could tell that the operation took place: it writes, locks or unlocks.

    None if it does not even look at the database: connecting reads no file, and the end of a
    transaction that is not open never reaches the engine (fidelity reference, sections 1 and 3).
    """
    operation, connection = call.operation, call.connection
    if operation is _CONNECT:
        return None
    if operation is _FETCH:
        return call.statement.writes
    if operation in ENDING or operation is _CLOSE:
        if connection is None or connection.closed:
            return None
        state = connection.state
        return True if connection.in_transaction or state.cursors or state.kept else None
    if call.statement.subject in _OF_THE_CONNECTION:
        return None
    return call.statement.verb not in _LOOKING_ON


def in_use(connection: Observed) -> bool:
    """Whether a transaction or a statement is open, which may write when it ends."""
    try:
        return connection.in_transaction or bool(connection.state.cursors)
    except sqlite3.ProgrammingError:  # it is closed, or was never opened
        return False


# To look an enumeration's member up takes longer than to compare it, in Python 3.11 ten times.
_CONNECT, _EXECUTE, _FETCH, _CLOSE = (
    Operation.CONNECT,
    Operation.EXECUTE,
    Operation.FETCH,
    Operation.CLOSE,
)
_CHANGING_ROWS = frozenset({"INSERT", "UPDATE", "DELETE", "REPLACE"})
_LOOKING_ON = frozenset({"SELECT", "PRAGMA", "EXPLAIN", "VALUES"})
_OF_THE_CONNECTION = frozenset({"PRAGMA foreign_keys", "PRAGMA busy_timeout"})
