"""A connection that knows its own state and performs its operations at a gate."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from functools import partial
from typing import TYPE_CHECKING, TypeVar, cast

from runfaults.model import Operation
from runfaults.sqlite.database_file import file_of
from runfaults.sqlite.engine import real_connect, statement_on
from runfaults.sqlite.errors import is_busy, sqlite_error
from runfaults.sqlite.gate import Call, Gate, at_gate
from runfaults.sqlite.script import statements
from runfaults.sqlite.state import State
from runfaults.sqlite.statement import Statement

if TYPE_CHECKING:
    # The connection makes the cursors; a cursor only asks its connection.
    from runfaults.sqlite.cursor import FaultyCursor

_Result = TypeVar("_Result")
_COMMIT = Statement.parse("COMMIT")


class PlainConnection(sqlite3.Connection):
    """What a faulty connection becomes when its gate is gone."""


class WatchedConnection(sqlite3.Connection):
    """A connection with a gate, without the operations that meet it: see `FaultyConnection`."""

    gate: Gate | None = None
    """Who decides what strikes. Set it to None, from any thread, to let the connection go."""
    state: State
    """What the connection knows of its past."""
    busy_timeout: float = 0.0
    """Seconds that the program asked the engine to wait for a lock. With a gate the engine itself
    never waits: it asks `Gate.busy`."""
    path: str = ""
    """The database file; empty for a database in memory."""
    closed: bool = False
    _database: str | bytes = ""
    _uri: bool = False
    _journal: str = "delete"

    def attach(self, gate: Gate, database: object, *, uri: bool, timeout: float) -> None:
        """Begin to ask a gate. Called once, right after the connection was opened.

        Args:
            gate: Whom to ask.
            database: As given to `sqlite3.connect`.
            uri: As given to `sqlite3.connect`.
            timeout: Seconds; as the program gave it to `sqlite3.connect`.
        """
        name = os.fsdecode(cast("str", database))
        self.path = file_of(name, uri=uri)
        self._uri = uri
        self._database = self.path if self.path and not uri else name
        # SQLite's busy handler counts in whole milliseconds.
        self.busy_timeout = max(0, int(timeout * 1000)) / 1000
        self.state = State()
        self.gate = gate

    @property
    def writing(self) -> bool:
        """Whether the open transaction holds the write lock."""
        return self.state.writing

    @property
    def reading(self) -> bool:
        """Whether it holds a read lock: by an open transaction that has read, or by a cursor."""
        return self.state.snapshot or self.has_unfinished_cursor

    @property
    def has_unfinished_cursor(self) -> bool:
        """Whether a cursor of this connection has rows left.

        A cursor does not tell. But SQLite refuses to change a collation while a statement is
        active (SQLite source, `createCollation`).
        """
        if not self.state.cursors:
            return False
        try:
            self.create_collation("runfaults_probe", _compare)
            self.create_collation("runfaults_probe", None)
        except sqlite3.OperationalError:
            return True
        self.state.cursors.clear()
        return False

    @property
    def fresh(self) -> bool:
        """Whether the next statement that needs the schema must read it from the file."""
        return self.state.fresh

    @property
    def poisoned(self) -> bool:
        """Whether the open transaction met corruption: writes and COMMIT will fail."""
        return self.state.poisoned

    @property
    def changed(self) -> bool:
        """Whether the open transaction has changed anything that COMMIT must write."""
        return self.state.defined or self.total_changes != self.state.changes_before

    @property
    def journal(self) -> str:
        """The journal mode: `delete`, `wal`, `memory`, ...

        Where another connection keeps readers out at the moment, that of the last time it was
        asked for.
        """
        with suppress(sqlite3.Error):
            self._journal = self._ask_journal()
        return self._journal

    def _ask_journal(self) -> str:
        if self.state.fresh and self.path:
            # Asking would load the schema: another connection may.
            with closing(self.beside()) as other:
                return str(statement_on(other, "PRAGMA journal_mode")[0][0])
        return str(statement_on(self, "PRAGMA journal_mode")[0][0])

    @property
    def opens_transactions(self) -> str | None:
        """How CPython begins a transaction before a change: `BEGIN`, `BEGIN IMMEDIATE`, ...

        None if it does not.
        """
        level = self.isolation_level
        return None if level is None or not self.legacy_transactions else f"BEGIN {level}".rstrip()

    @property
    def legacy_transactions(self) -> bool:
        """Whether transactions are controlled by `isolation_level` (the only way before 3.12)."""
        legacy = getattr(sqlite3, "LEGACY_TRANSACTION_CONTROL", None)
        return getattr(self, "autocommit", legacy) == legacy

    @property
    def in_wrong_thread(self) -> bool:
        """Whether the calling thread may not use it (`check_same_thread`)."""
        try:
            sqlite3.Connection.getlimit(self, sqlite3.SQLITE_LIMIT_LENGTH)
        except sqlite3.ProgrammingError:
            return not self.closed
        return False

    @property
    def shares_cache(self) -> bool:
        """Whether it is in shared-cache mode, by its URI."""
        return self._uri and "cache=shared" in str(self._database)

    def can_take_write_lock(self) -> bool:
        """Whether no other connection holds the lock that a write needs."""
        if self.writing:
            return True
        with closing(self.beside()) as other:
            try:
                statement_on(other, "BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                return False
            return True

    def beside(self) -> sqlite3.Connection:
        """Open another connection to the same database, which no gate watches."""
        return real_connect(
            self._database, uri=self._uri, timeout=0, isolation_level=None, check_same_thread=False
        )

    def raw(self, sql: str) -> list[tuple[object, ...]]:
        """Perform a statement past the gate."""
        statement = Statement.parse(sql)
        try:
            rows = statement_on(self, sql)
        except sqlite3.Error as error:
            self._note(statement.operation, statement, error)
            raise
        self._note(statement.operation, statement, None)
        return rows

    def operation_of(self, statement: Statement) -> Operation:
        """What performing a statement means in this state."""
        if statement.savepoint and self.state.commits_by_release(statement):
            return Operation.COMMIT
        return statement.operation

    def perform(
        self,
        operation: Operation,
        statement: Statement,
        real: Callable[[], _Result],
        cursor: FaultyCursor | None = None,
    ) -> _Result:
        """Perform one operation at the gate."""
        gate = self.gate
        if gate is None:
            self.become_plain()
            return real()

        attempt = partial(self._attempt, gate, operation, statement, real)
        return at_gate(gate, Call(operation, statement, self, cursor, attempt))

    def _attempt(
        self, gate: Gate, operation: Operation, statement: Statement, real: Callable[[], _Result]
    ) -> _Result:
        """Perform the operation itself, waiting as SQLite's busy handler would."""
        waited = 0
        while True:
            try:
                if self.state.poisoned:
                    self._meet_corruption(operation, statement)
                result = real()
            except BaseException as error:
                self._note(operation, statement, error)
                if not (
                    self.busy_timeout > 0
                    and is_busy(error)
                    and self._engine_would_wait(operation, statement)
                    and gate.busy(Call(operation, statement, self), waited)
                ):
                    raise
            else:
                self._note(operation, statement, None)
                return result
            waited += 1

    def _note(
        self, operation: Operation, statement: Statement, error: BaseException | None
    ) -> None:
        if not self.closed:
            self.state.note(self, operation, statement, error)

    def _engine_would_wait(self, operation: Operation, statement: Statement) -> bool:
        """Whether SQLite calls the busy handler where this call found the database locked.

        It does not for a connection that would keep others waiting: one that reads already and
        wants to write (SQLite source, `sqlite3BtreeBeginTrans`).
        """
        if operation is Operation.COMMIT:
            return True
        if statement.table == "journal_mode" and "wal" not in statement.text.lower():
            return self.state.fresh
        return not (statement.writes and self.reading)

    def _meet_corruption(self, operation: Operation, statement: Statement) -> None:
        if operation is Operation.COMMIT:
            self.raw("ROLLBACK")
        elif not statement.writes:
            return
        raise sqlite_error(sqlite3.SQLITE_CORRUPT)

    def become_plain(self) -> bool:
        """Turn into a connection of the class that the program wanted, which nothing overrides.

        Returns:
            False if that cannot be, because it is closed or belongs to another thread.
        """
        if self.closed or self.in_wrong_thread:
            return False
        if hasattr(self, "state"):
            del self.state
            statement_on(self, f"PRAGMA busy_timeout={round(self.busy_timeout * 1000)}")
        over = cast("type[sqlite3.Connection]", type(self).__bases__[0])
        unwatched = issubclass(over, WatchedConnection)
        plain: type[sqlite3.Connection] = PlainConnection if unwatched else over
        setattr(self, "__class__", plain)  # noqa: B010 - checkers refuse the plain assignment
        return True

    def with_real_timeout(self, real: Callable[[], _Result]) -> _Result:
        """Perform `PRAGMA busy_timeout` with the engine's timeout as the program believes it is."""
        statement_on(self, f"PRAGMA busy_timeout={round(self.busy_timeout * 1000)}")
        try:
            return real()
        finally:
            milliseconds = statement_on(self, "PRAGMA busy_timeout")[0][0]
            assert isinstance(milliseconds, int)
            self.busy_timeout = milliseconds / 1000
            statement_on(self, "PRAGMA busy_timeout=0")

    def perform_script(self, script: str, real: Callable[[str], object]) -> None:
        """Perform a script: the COMMIT that CPython issues first, then each statement.

        `executescript` commits before each script, so statements inside a transaction that the
        script itself began are performed by a plain cursor.
        """
        if not self._is_well_formed(script):
            real(script)  # raises what it has to say
            return
        if self.in_transaction and self.legacy_transactions:
            self.perform(Operation.COMMIT, _COMMIT, super().commit)
        for sql in statements(script):
            statement = Statement.parse(sql)
            one = partial(statement_on, self, sql) if self.in_transaction else partial(real, sql)
            self.perform(self.operation_of(statement), statement, one)

    def _is_well_formed(self, script: str) -> bool:
        if "\0" in script or len(script) > self.getlimit(sqlite3.SQLITE_LIMIT_SQL_LENGTH):
            return False
        with suppress(UnicodeEncodeError):
            return bool(script.encode())
        return False


def _compare(left: str, right: str) -> int:
    """Any order: nobody sorts by it."""
    return (left > right) - (left < right)
