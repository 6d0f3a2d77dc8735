"""A connection's memory of its own past, so that only possible faults strike it."""

from __future__ import annotations

import sqlite3
from weakref import WeakSet

from runfaults.model import ENDING, Operation
from runfaults.sqlite.errors import is_busy
from runfaults.sqlite.statement import Statement

# A write that failed with one of these had not got the write lock yet.
_BEFORE_THE_LOCK = frozenset(
    {
        sqlite3.SQLITE_ERROR,
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_NOTADB,
        sqlite3.SQLITE_AUTH,
        sqlite3.SQLITE_SCHEMA,
    }
)

_EXECUTE = Operation.EXECUTE


class State:
    """Bookkeeping of one connection, from the statements it performed and how they ended.

    Attributes:
        fresh: The schema has not been loaded: the next statement that needs it reads the file.
        open: A transaction was open when the last operation ended.
        writing: The open transaction holds the write lock.
        snapshot: The open transaction has read, so it holds a read lock.
        uncertain: The open transaction performed a `CREATE ... IF NOT EXISTS` or a
            `DROP ... IF EXISTS`: whether it holds the write lock cannot be told from outside.
        defined: The open transaction changed the schema.
        pending: A COMMIT found a reader: in rollback-journal mode new readers are locked out.
        interrupted: An interrupt lasts until the cursors that have rows left have ended.
        poisoned: A statement of the open transaction met corruption: writes and COMMIT will too.
        changes_before: `total_changes` when no transaction was open last.
        savepoints: Names of the open savepoints, outermost first, lower case.
        released_by: The outermost savepoint opened the transaction, so releasing it commits.
        cursors: Those that may have rows left, and so hold a read lock.
        beside_main: It may have temporary tables, or databases that it attached.
        exclusive: `PRAGMA locking_mode` is EXCLUSIVE.
        kept: The lock that it keeps outside of transactions because of that: `read`, `write`.
        last_changes: `total_changes` when the last operation ended.
        prepared: Statements that the connection may have in its cache.
    """

    __slots__ = (
        "beside_main",
        "changes_before",
        "cursors",
        "defined",
        "exclusive",
        "fresh",
        "interrupted",
        "kept",
        "last_changes",
        "open",
        "opened_by_savepoint",
        "pending",
        "poisoned",
        "prepared",
        "savepoints",
        "snapshot",
        "uncertain",
        "writing",
    )

    def __init__(self) -> None:
        self.fresh = True
        self.beside_main = self.interrupted = False
        self.exclusive = False
        self.kept = ""
        self.changes_before = self.last_changes = 0
        self.cursors: WeakSet[sqlite3.Cursor] = WeakSet()
        self.prepared: set[str] = set()
        self.savepoints: list[str] = []
        self._forget_transaction()

    def _forget_transaction(self) -> None:
        self.open = False
        self.writing = False
        self.snapshot = False
        self.uncertain = False
        self.defined = False
        self.pending = False
        self.poisoned = False
        self.opened_by_savepoint = False
        self.savepoints.clear()

    def commits_by_release(self, statement: Statement) -> bool:
        """Whether a `RELEASE` of this savepoint ends the transaction."""
        return (
            statement.verb == "RELEASE"
            and self.opened_by_savepoint
            and self.savepoints.count(statement.savepoint) == 1
            and self.savepoints[0] == statement.savepoint
        )

    def note(
        self,
        connection: sqlite3.Connection,
        operation: Operation,
        statement: Statement,
        error: BaseException | None,
    ) -> None:
        """Remember an operation that has just ended on the engine."""
        ended = error is None and operation in ENDING and statement.verb != ""
        was_open = self.open and not ended
        if ended or not connection.in_transaction:
            if self.open:
                self._forget_transaction()
            self.changes_before = connection.total_changes
            self.open = connection.in_transaction  # with `autocommit=False` the next one is
        else:
            self.open = True
            if error is None:
                self._note_success(statement, was_open=was_open)
            else:
                self._note_failure(operation, statement, error)
        if error is None and operation is _EXECUTE:
            self.prepared.add(statement.text)
            self.beside_main |= statement.temporary or statement.verb == "ATTACH"
            self._keep_lock(statement)
        self.last_changes = connection.total_changes
        opened = self.open and not was_open
        if self.fresh and statement.needs_schema and (error is None or opened):
            self.fresh = False

    def _keep_lock(self, statement: Statement) -> None:
        """With `locking_mode=EXCLUSIVE` what a transaction has locked stays locked behind it."""
        if not statement.touches_file:
            return
        if not self.exclusive:
            self.kept = ""
        elif statement.writes:
            self.kept = "write"
        else:
            self.kept = self.kept or "read"

    def forget_changes(self, total: int) -> None:
        """The last operation's changes are none that COMMIT must write to the main database."""
        self.changes_before += total - self.last_changes

    def _note_success(self, statement: Statement, *, was_open: bool) -> None:
        if statement.writes:
            self.writing = True
            self.defined |= statement.defines
        elif statement.reads:
            self.snapshot = True
            self.uncertain |= statement.defines
        if statement.verb == "SAVEPOINT":
            self.opened_by_savepoint |= not was_open
            self.savepoints.append(statement.savepoint)
        elif statement.savepoint in self.savepoints:
            last = len(self.savepoints) - 1 - self.savepoints[::-1].index(statement.savepoint)
            del self.savepoints[last + (statement.verb == "ROLLBACK") :]

    def _note_failure(
        self, operation: Operation, statement: Statement, error: BaseException
    ) -> None:
        if operation is Operation.COMMIT:
            self.pending |= is_busy(error)
        code = getattr(error, "sqlite_errorcode", None)
        if (
            statement.writes
            and not self.interrupted
            and code is not None
            and code & 0xFF not in _BEFORE_THE_LOCK
        ):
            self.writing = True
