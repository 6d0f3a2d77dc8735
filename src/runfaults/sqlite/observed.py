"""The facts that a fault kind may ask of a connection and of a cursor."""

from __future__ import annotations

import os
import sqlite3
import warnings
import weakref
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import replace
from typing import Any, Protocol, cast

from runfaults.model import Operation
from runfaults.sqlite.database_file import database_path, takes_locks
from runfaults.sqlite.engine import has_active_statement, real_connect, statement_on
from runfaults.sqlite.state import State
from runfaults.sqlite.statement import Statement


class Observed(sqlite3.Connection):
    """A connection that knows its own state."""

    state: State
    """The connection's memory of its past."""
    busy_timeout: float = 0.0
    """Seconds that the program asked the engine to wait for a lock. With a gate the engine itself
    never waits: it asks `Gate.busy`."""
    path: str = ""
    """The database file; empty for a database in memory."""
    closed: bool = False
    shared: bool = False
    """Whether threads other than the one that opened it may use it."""
    progress: tuple[Callable[[], int | None] | None, int] = None, 0
    """The program's own progress handler: an engine has one, which a real interrupt needs."""
    _database: str | bytes = ""
    _uri: bool = False
    _heeds_locks: bool = True
    _journal: str = "delete"

    def observe(self, database: object, *, uri: bool, timeout: float, shared: bool) -> None:
        """Begin to keep the state. Called once, right after the connection was opened.

        Args:
            database: As given to `sqlite3.connect`.
            uri: As given to `sqlite3.connect`.
            timeout: Seconds; as the program gave it to `sqlite3.connect`.
            shared: The opposite of what `sqlite3.connect` calls `check_same_thread`.
        """
        name = os.fsdecode(cast("str", database))
        self.path = database_path(name, uri=uri)
        _observed.add(self)
        self._uri = uri
        self._heeds_locks = takes_locks(name, uri=uri)
        self._database = self.path if self.path and not uri else name
        # SQLite's busy handler counts in whole milliseconds.
        self.busy_timeout = max(0, int(timeout * 1000)) / 1000
        self.shared = shared
        self.state = State()
        # With `autocommit=False` it is. A subclass may have opened nothing.
        self.state.open = self.has_autocommit(on=False) and self.in_transaction

    def set_progress_handler(self, *given: Any, **named: Any) -> None:  # noqa: ANN401  # as it is
        """Like `sqlite3.Connection.set_progress_handler`; its warnings are of who calls."""
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            super().set_progress_handler(*given, **named)
        for each in told:
            warnings.warn(str(each.message), each.category, stacklevel=2)
        both = dict(zip(("progress_handler", "n"), given, strict=False)) | named
        self.progress = both["progress_handler"], both["n"]

    @property
    def writing(self) -> bool:
        """Whether the open transaction holds the write lock.

        A statement that nothing watches, as one of `sqlite3.Cursor(connection)`, counts by what it
        has changed.
        """
        return self.state.writing or (
            self.in_transaction and self.total_changes != self.state.last_changes
        )

    @property
    def reading(self) -> bool:
        """Whether it holds a read lock: by an open transaction that has read, or by a cursor."""
        return self.state.snapshot or self.has_unfinished_cursor

    @property
    def has_unfinished_cursor(self) -> bool:
        """Whether a cursor of this connection has rows left."""
        if not self.state.cursors:
            return False
        try:
            if has_active_statement(self):
                return True
        except sqlite3.ProgrammingError:
            return not self.closed  # another thread's, which alone could ask
        self.state.cursors.clear()
        return False

    @property
    def alone(self) -> str | None:
        """Why no lock of another connection can stand in its way; None if one can."""
        if not self._heeds_locks:
            return "the connection takes no locks: nolock or immutable in its URI"
        if self.state.kept == "write":
            return "with locking_mode=EXCLUSIVE the connection has kept its lock"
        return None

    def elsewhere(self, statement: Statement) -> str | None:
        """Why a statement does not touch the main database; None if it does."""
        schema, _, name = statement.table.lower().rpartition(".")
        if statement.verb == "PRAGMA" or (not schema and not self.state.beside_main):
            return None
        schema = "temp" if statement.temporary else schema or self._schema_of(statement, name)
        if schema == "main":
            return None
        if schema == "temp":
            return "the table is temporary: only this connection has the file it is in"
        files = {str(each).lower(): file for _, each, file in self._databases()}
        if files.get(schema):
            return f"what a fault leaves of the attached database {schema} was not measured"
        return f"the attached database {schema} has no file: only this connection has it"

    def _schema_of(self, statement: Statement, name: str) -> str:
        """The schema in which SQLite finds a name that is not qualified (SQLite docs, "ATTACH")."""
        if not name or statement.verb == "CREATE":
            return "main"
        if _has(self, "sqlite_temp_master", name):
            return "temp"
        if self.path and not self.state.defined:
            with closing(self.open_ungated()) as other:
                in_main = _has(other, "sqlite_master", name)
        else:
            in_main = _has(self, "sqlite_master", name)
        attached = [str(each).lower() for number, each, _ in self._databases() if number != 0]
        others = [each for each in attached if each != "temp"]
        return "main" if in_main else others[0] if others else "temp"  # dropped a moment ago

    def _databases(self) -> list[tuple[object, ...]]:
        return statement_on(self, "PRAGMA database_list")

    @property
    def files(self) -> tuple[str, ...]:
        """The files of its main database and of the attached ones, but for temporary ones."""
        attached: list[str] = []
        with suppress(sqlite3.Error):  # a subclass may have opened nothing
            attached = [
                str(file) for _, name, file in self._databases() if name not in {"main", "temp"}
            ]
        return tuple(path for path in (self.path, *attached) if path)

    @property
    def fresh(self) -> bool:
        """Whether the next statement that needs the schema must read it from the file."""
        return self.state.fresh

    @property
    def poisoned(self) -> bool:
        """Whether the open transaction met corruption: writes and COMMIT will fail."""
        return self.state.poisoned

    @property
    def interrupted(self) -> bool:
        """Whether whatever it begins is interrupted, because a cursor that was has not ended."""
        self.state.interrupted &= self.has_unfinished_cursor
        return self.state.interrupted

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
            with closing(self.open_ungated()) as other:
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
        return not self.has_autocommit(on=True) and not self.has_autocommit(on=False)

    def has_autocommit(self, *, on: bool) -> bool:
        """Whether it was opened with `autocommit=True`, or False: neither before Python 3.12.

        With True, `commit()` and `rollback()` do nothing, whether a transaction is open or not.
        With False, a transaction is always open: `commit()` and `rollback()` begin the next one.
        """
        try:
            return getattr(self, "autocommit", None) is on
        except sqlite3.ProgrammingError:
            return False  # closed, or of another thread

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

    @property
    def has_company(self) -> bool:
        """Whether another connection of this process has the file open, and has read it.

        In WAL mode it then keeps a shared lock on the file (SQLite docs, "Write-Ahead Logging").
        """
        others = (each for each in list(_observed) if each is not self and each.path == self.path)
        return any(not each.closed and not each.fresh for each in others)

    def can_take_write_lock(self) -> bool:
        """Whether no other connection holds the lock that a write needs."""
        if self.writing or self.state.kept == "write":
            return True
        with closing(self.open_ungated()) as other:
            try:
                statement_on(other, "BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                return False
            return True

    def open_ungated(self) -> sqlite3.Connection:
        """Open another connection to the same database, which no gate watches."""
        return real_connect(
            self._database, uri=self._uri, timeout=0, isolation_level=None, check_same_thread=False
        )

    def execute_ungated(self, sql: str) -> list[tuple[object, ...]]:
        """Perform a statement past the gate."""
        statement = Statement.parse(sql)
        beside = self.is_beside_main(statement)
        try:
            rows = statement_on(self, sql)
        except sqlite3.Error as error:
            self._note(statement.operation, statement, error, beside=beside)
            raise
        self._note(statement.operation, statement, None, beside=beside)
        return rows

    def is_beside_main(self, statement: Statement) -> bool:
        """Whether it is about a temporary table or an attached database."""
        if not self.state.beside_main or not statement.touches_file:
            return False
        with suppress(sqlite3.Error):  # closed, or of another thread: it will fail by itself
            return self.elsewhere(statement) is not None
        return False

    def _note(
        self,
        operation: Operation,
        statement: Statement,
        error: BaseException | None,
        *,
        beside: bool,
    ) -> None:
        if self.closed:
            return
        if statement.table == "locking_mode" and error is None:
            mode = statement_on(self, "PRAGMA main.locking_mode")[0][0]
            self.state.exclusive = mode == "exclusive"
        if beside:
            self.state.forget_changes(self.total_changes)
            statement = replace(statement, writes=False, reads=False)
        self.state.note(self, operation, statement, error)


_observed: weakref.WeakSet[Observed] = weakref.WeakSet()
"""The connections there are."""


class Rows(Protocol):
    """The rows that a cursor has left.

    Attributes:
        all_wanted: Whether all of them are being fetched.
    """

    all_wanted: bool

    def lose_rows(self) -> None:
        """End the read: there is nothing left to fetch."""
        ...


def _has(connection: sqlite3.Connection, catalogue: str, name: str) -> bool:
    try:
        sql = f"SELECT 1 FROM {catalogue} WHERE lower(name) = ?"  # noqa: S608 - one of two
        return bool(statement_on(connection, sql, name))
    except sqlite3.Error:
        return catalogue == "sqlite_master"  # kept out, or out of date: the usual case
