"""The situation of a call, which decides how it can fail: its sort and the connection's state."""

from __future__ import annotations

from enum import Enum, auto

from runfaults.model import Operation
from runfaults.sqlite.gate import Call
from runfaults.sqlite.observed import Observed
from runfaults.sqlite.statement import Statement


class Situation(Enum):
    """The situations in which SQLite's failures differ. Member values have no meaning."""

    CONNECT = auto()
    """Opening the database."""
    BEGIN_WRITING = auto()
    """`BEGIN IMMEDIATE` or `BEGIN EXCLUSIVE` outside of a transaction."""
    FIRST_WRITE_IMPLICIT = auto()
    """A change before which CPython issues `BEGIN`."""
    FIRST_WRITE_IMPLICIT_IMMEDIATE = auto()
    """A change before which CPython issues `BEGIN IMMEDIATE` or `BEGIN EXCLUSIVE`."""
    FIRST_WRITE = auto()
    """A write in an open transaction that has no write lock yet."""
    LATER_WRITE = auto()
    """A write in a transaction that holds the write lock."""
    AUTOCOMMIT_WRITE = auto()
    """A write that is a transaction of its own: DDL, `isolation_level=None`, `autocommit=True`."""
    READ = auto()
    """A read outside of a transaction."""
    READ_IN_TRANSACTION = auto()
    """A read in an open transaction that has no write lock."""
    READ_WHILE_WRITING = auto()
    """A read in a transaction that holds the write lock."""
    FETCH = auto()
    """The next row of an unfinished read outside of a transaction."""
    FETCH_IN_TRANSACTION = auto()
    """The next row of an unfinished read in an open transaction."""
    FETCH_OF_CHANGE = auto()
    """The next row of `RETURNING`, of a change that commits itself with the last one."""
    FETCH_OF_CHANGE_IN_TRANSACTION = auto()
    """The next row of `RETURNING` in an open transaction."""
    COMMIT = auto()
    """COMMIT of a transaction that changed something."""
    COMMIT_UNCHANGED = auto()
    """COMMIT of a transaction that holds the write lock and changed nothing."""
    ROLLBACK = auto()
    """ROLLBACK of an open transaction."""
    JOURNAL_MODE = auto()
    """`PRAGMA journal_mode` that turns WAL mode on or off, outside of a transaction."""
    CHECKPOINT = auto()
    """`PRAGMA wal_checkpoint` in WAL mode, outside of a transaction."""
    OPTIMIZE = auto()
    """`PRAGMA optimize`, outside of a transaction."""
    CLOSE = auto()
    """`close()` with `autocommit=False`: CPython rolls back, and passes on why that failed."""


_UNMEASURED = frozenset({"BACKUP", "BLOBOPEN", "VACUUM", "ATTACH", "DETACH"})

WRITES = frozenset(
    {
        Situation.FIRST_WRITE_IMPLICIT,
        Situation.FIRST_WRITE_IMPLICIT_IMMEDIATE,
        Situation.FIRST_WRITE,
        Situation.LATER_WRITE,
        Situation.AUTOCOMMIT_WRITE,
    }
)
PRAGMAS = frozenset({Situation.JOURNAL_MODE, Situation.CHECKPOINT, Situation.OPTIMIZE})
READS = frozenset({Situation.READ, Situation.READ_IN_TRANSACTION, Situation.READ_WHILE_WRITING})
FETCHES = frozenset({Situation.FETCH, Situation.FETCH_IN_TRANSACTION})
FETCHES_OF_CHANGE = frozenset({Situation.FETCH_OF_CHANGE, Situation.FETCH_OF_CHANGE_IN_TRANSACTION})


def situation_of(call: Call) -> Situation | str:  # noqa: PLR0911 - one for each situation
    """The situation of a call, or why no fault of the engine can strike it."""
    connection = call.connection
    if not call.operation.touches_database:
        return "SQLite has no part in it"
    if connection is None:
        return Situation.CONNECT
    if connection.closed:
        return "the connection is closed: the engine is not reached"
    if connection.in_wrong_thread:
        return "the connection belongs to another thread: the engine is not reached"
    if connection.state.poisoned:
        return "the transaction met corruption before, which is what will be reported"
    if connection.interrupted:
        return "the connection was interrupted, which lasts until its cursors have ended"
    match call.operation:
        case Operation.CLOSE:
            return _close(connection)
        case Operation.COMMIT | Operation.ROLLBACK:
            return _end(call, connection)
        case Operation.FETCH:
            return _fetch(call, connection)
        case _:
            return _execute(call.statement, connection)


def _close(connection: Observed) -> Situation | str:
    if connection.has_autocommit(on=False) and connection.in_transaction:
        return Situation.CLOSE
    return "close() reports no error of the engine"


def _end(call: Call, connection: Observed) -> Situation | str:
    if not call.statement.verb:
        return f"with autocommit=True {call.operation}() does nothing"
    if not connection.in_transaction:
        return f"no transaction is open: {call.operation} has nothing to end"
    commits = call.operation is Operation.COMMIT
    return _commit(connection) if commits else Situation.ROLLBACK


def _commit(connection: Observed) -> Situation | str:
    if connection.state.uncertain and not connection.writing:
        return (
            "whether CREATE ... IF NOT EXISTS took the write lock in this transaction cannot be "
            "told from outside"
        )
    if not connection.writing:
        return "the transaction holds no write lock: its COMMIT has nothing to do"
    return Situation.COMMIT if connection.changed else Situation.COMMIT_UNCHANGED


def _fetch(call: Call, connection: Observed) -> Situation | str:
    reason = connection.elsewhere(call.statement)
    if reason is not None:
        return reason
    if call.cursor not in connection.state.cursors or not connection.has_unfinished_cursor:
        return "the cursor has no rows left: the engine is not reached"
    if call.statement.writes:
        inside = Situation.FETCH_OF_CHANGE_IN_TRANSACTION
        return inside if connection.in_transaction else Situation.FETCH_OF_CHANGE
    return Situation.FETCH_IN_TRANSACTION if connection.in_transaction else Situation.FETCH


def _pragma(statement: Statement, connection: Observed) -> Situation | None:
    """The situation of a pragma that locks the file though it neither reads nor writes a row.

    A fresh connection reads the schema before it gets there.
    """
    if statement.verb != "PRAGMA" or connection.fresh or connection.in_transaction:
        return None
    match statement.table:
        case "journal_mode" if statement.argument:
            turns = (statement.argument == "wal") != (connection.journal == "wal")
            return Situation.JOURNAL_MODE if turns else None
        case "wal_checkpoint" if connection.journal == "wal":
            return Situation.CHECKPOINT
        case "optimize":
            return Situation.OPTIMIZE
        case _:
            return None


def _touches_nothing(statement: Statement, connection: Observed) -> str | None:
    if statement.verb in _UNMEASURED:
        return f"what a fault leaves of {statement.verb} was not measured"
    if statement.touches_file:
        return connection.elsewhere(statement)
    if statement.needs_schema and connection.fresh:
        return None
    return f"{statement.subject or 'the statement'} does not touch the database file"


def _execute(  # noqa: PLR0911 - one for each situation
    statement: Statement, connection: Observed
) -> Situation | str:
    settled = _pragma(statement, connection) or _touches_nothing(statement, connection)
    if settled is not None:
        return settled
    if statement.begins_writing:
        if connection.in_transaction:
            return "a transaction is open: BEGIN fails because of that"
        return Situation.BEGIN_WRITING
    if not statement.writes:
        if not connection.in_transaction:
            return Situation.READ
        writing = connection.writing
        return Situation.READ_WHILE_WRITING if writing else Situation.READ_IN_TRANSACTION
    if connection.in_transaction:
        if connection.state.uncertain and not connection.writing:
            return (
                "whether CREATE ... IF NOT EXISTS took the write lock in this transaction cannot "
                "be told from outside"
            )
        return Situation.LATER_WRITE if connection.writing else Situation.FIRST_WRITE
    begin = connection.opens_transactions if statement.opens_implicitly else None
    match begin:
        case None:
            return Situation.AUTOCOMMIT_WRITE
        case "BEGIN" | "BEGIN DEFERRED":
            return Situation.FIRST_WRITE_IMPLICIT
        case _:
            return Situation.FIRST_WRITE_IMPLICIT_IMMEDIATE
