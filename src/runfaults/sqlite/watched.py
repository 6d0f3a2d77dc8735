"""A connection that performs its operations at a gate."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TypeVar, cast

from runfaults.model import Operation
from runfaults.sqlite.engine import statement_on
from runfaults.sqlite.errors import is_busy, sqlite_error
from runfaults.sqlite.gate import Call, Gate, at_gate
from runfaults.sqlite.observed import Observed, Rows
from runfaults.sqlite.script import statements
from runfaults.sqlite.statement import Statement

_Result = TypeVar("_Result")
_COMMIT = Statement.parse("COMMIT")


class PlainConnection(sqlite3.Connection):
    """The class that a faulty connection gets when its gate is gone."""


class WatchedConnection(Observed):
    """A connection with a gate, without the operations that meet it: see `FaultyConnection`."""

    gate: Gate | None = None
    """Decides what strikes. Set it to None, from any thread, to let the connection go."""

    def attach(
        self, gate: Gate, database: object, *, uri: bool, timeout: float, shared: bool
    ) -> None:
        """Begin to ask a gate. Called once, right after the connection was opened.

        Args:
            gate: What to ask.
            database: As given to `sqlite3.connect`.
            uri: As given to `sqlite3.connect`.
            timeout: Seconds; as the program gave it to `sqlite3.connect`.
            shared: The opposite of what `sqlite3.connect` calls `check_same_thread`.
        """
        self.observe(database, uri=uri, timeout=timeout, shared=shared)
        self.gate = gate

    def operation_of(self, statement: Statement) -> Operation:
        """The operation that performing a statement is in this state."""
        if statement.savepoint and self.state.commits_by_release(statement):
            return Operation.COMMIT
        return statement.operation

    def perform(
        self,
        operation: Operation,
        statement: Statement,
        real: Callable[[], _Result],
        cursor: Rows | None = None,
    ) -> _Result:
        """Perform one operation at the gate."""
        gate = self.gate
        if gate is None:
            self.become_plain()
            return real()

        if statement.table == "busy_timeout":
            real = partial(self._with_real_timeout, real)
        beside = self.is_beside_main(statement)  # asked before a real cause is there
        attempt = partial(self._attempt, gate, operation, statement, real, beside=beside)
        return at_gate(gate, Call(operation, statement, self, cursor, attempt))

    def _attempt(
        self,
        gate: Gate,
        operation: Operation,
        statement: Statement,
        real: Callable[[], _Result],
        *,
        beside: bool,
    ) -> _Result:
        """Perform the operation itself, waiting as SQLite's busy handler would."""
        waited = 0
        while True:
            try:
                if self.state.poisoned and statement.verb:
                    self._meet_corruption(operation, statement)
                result = real()
            except BaseException as error:
                self._note(operation, statement, error, beside=beside)
                if not (
                    self.busy_timeout > 0
                    and is_busy(error)
                    and self._engine_would_wait(operation, statement)
                    and gate.busy(Call(operation, statement, self), waited)
                ):
                    raise
            else:
                self._note(operation, statement, None, beside=beside)
                return result
            waited += 1

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
            self.execute_ungated("ROLLBACK")
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

    def _with_real_timeout(self, real: Callable[[], _Result]) -> _Result:
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
