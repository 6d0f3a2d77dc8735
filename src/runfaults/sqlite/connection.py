"""A connection whose operations a gate can strike."""

# ruff: noqa: ANN401 - the methods take and return what those of the standard library do

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import lru_cache, partial
from types import BuiltinMethodType, TracebackType
from typing import Any, ClassVar, Literal, TypeGuard

from runfaults.model import Operation
from runfaults.sqlite.cursor import FaultyCursor, faulty_cursor, faulty_cursor_class
from runfaults.sqlite.engine import statement_on
from runfaults.sqlite.layering import Around, layered
from runfaults.sqlite.real.recipe import is_closed
from runfaults.sqlite.statement import ASSIGNMENT, Statement
from runfaults.sqlite.watched import WatchedConnection

_COMMIT = Statement.parse("COMMIT")
_COMMIT_BY_ASSIGNMENT = Statement("COMMIT", ASSIGNMENT, operation=Operation.COMMIT)
_ROLLBACK = Statement.parse("ROLLBACK")
_NO_STATEMENT = Statement("")
_BACKUP = Statement("", "BACKUP", subject="BACKUP")
_ISOLATION_LEVEL: Any = vars(sqlite3.Connection)["isolation_level"]
_AUTOCOMMIT: Any = vars(sqlite3.Connection).get("autocommit")


class FaultyConnection(WatchedConnection):
    """A real connection that asks a gate before each operation and tells it how the call ended.

    CPython performs some operations in C without calling the methods that a subclass overrides
    (`with connection:`, `connection.execute`, the COMMIT inside `executescript` and inside setting
    `isolation_level`, the BEGIN behind a COMMIT with `autocommit=False`): each of them is taken
    apart here, so that the gate sees every one.

    Without a gate it turns into a `PlainConnection` at its first operation, and costs nothing.
    """

    def cursor(self, factory: Any = sqlite3.Cursor) -> Any:
        """Open a cursor, a faulty one over the class that the factory gives."""
        if self.gate is None and self.become_plain():
            return self.cursor(factory)
        if _is_cursor_class(factory):
            return super().cursor(faulty_cursor_class(factory))
        return faulty_cursor(super().cursor(factory))

    # In CPython the cursors of the next three are of no user's class.

    def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
        """Like `sqlite3.Connection.execute`, at the gate."""
        if self.gate is None and self.become_plain():
            return self.execute(sql, parameters)
        return super().cursor(FaultyCursor).execute(sql, parameters)

    def executemany(self, sql: str, parameters: Iterable[Any], /) -> sqlite3.Cursor:
        """Like `sqlite3.Connection.executemany`, at the gate."""
        if self.gate is None and self.become_plain():
            return self.executemany(sql, parameters)
        return super().cursor(FaultyCursor).executemany(sql, parameters)

    def executescript(self, sql_script: str, /) -> sqlite3.Cursor:
        """Perform each statement of a script at the gate."""
        if self.gate is None and self.become_plain():
            return self.executescript(sql_script)
        return super().cursor(FaultyCursor).executescript(sql_script)

    def commit(self) -> None:
        """Commit, at the gate."""
        self._commit(super().commit)

    def rollback(self) -> None:
        """Roll back, at the gate."""
        self._rollback(super().rollback)

    def close(self) -> None:
        """Close, at the gate."""
        self._close(super().close)

    def _execute_of_subclass(self, real: Callable[..., Any], sql: str, *rest: Any) -> Any:
        statement = Statement.parse(sql)
        cursor = self.perform(self.operation_of(statement), statement, partial(real, sql, *rest))
        return faulty_cursor(cursor)

    def _commit(self, real: Callable[[], object]) -> None:
        self._end_transaction(_COMMIT, real)

    def _rollback(self, real: Callable[[], object]) -> None:
        self._end_transaction(_ROLLBACK, real)

    def _end_transaction(self, statement: Statement, real: Callable[[], object]) -> None:
        if self.gate is None:
            self.become_plain()
            real()
        elif self.has_autocommit(on=True):
            self.perform(statement.operation, replace(statement, verb=""), real)
        elif self.has_autocommit(on=False) and isinstance(real, BuiltinMethodType):
            one = partial(statement_on, self, statement.text)
            self.perform(statement.operation, statement, one)
            self._begin_again()
        else:
            self.perform(statement.operation, statement, real)

    def _begin_again(self) -> None:
        statement_on(self, "BEGIN")
        self.state.open = True

    def _close(self, real: Callable[[], object]) -> None:
        def close() -> None:
            try:
                real()
            finally:
                self.closed = is_closed(self)

        self.perform(Operation.CLOSE, _NO_STATEMENT, close)

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> Literal[False]:
        # CPython's own: the C functions behind commit() and rollback(), not the methods; and a
        # rollback where the commit fails.
        if exc_type is not None:
            self._rollback(super().rollback)
            return False
        try:
            self._commit(super().commit)
        except BaseException:
            self._rollback(super().rollback)
            raise
        return False

    def backup(self, *arguments: Any, **named: Any) -> None:
        """Like `sqlite3.Connection.backup`, at the gate."""
        self.perform(Operation.EXECUTE, _BACKUP, partial(super().backup, *arguments, **named))

    def blobopen(self, table: str, *arguments: Any, **named: Any) -> sqlite3.Blob:
        """Like `sqlite3.Connection.blobopen`, at the gate."""
        statement = Statement("", "BLOBOPEN", table, f"BLOBOPEN {table}")
        real = partial(super().blobopen, table, *arguments, **named)
        return self.perform(Operation.EXECUTE, statement, real)

    def _set_isolation_level(self, level: str | None) -> None:
        if self.gate is not None and self.has_autocommit(on=False):
            if level is None:
                self.commit()
            _ISOLATION_LEVEL.__set__(self, level)
            return
        commits = level is None and self.legacy_transactions
        self._assign(partial(_ISOLATION_LEVEL.__set__, self, level), commits=commits)

    def _set_autocommit(self, mode: object) -> None:
        self._assign(partial(_AUTOCOMMIT.__set__, self, mode), commits=mode is True)
        if self.gate is not None:
            self.state.open = self.in_transaction

    isolation_level: Any = property(_ISOLATION_LEVEL.__get__, _set_isolation_level)
    """As in the standard library: setting None commits, at the gate."""

    if _AUTOCOMMIT is not None:
        autocommit: Any = property(_AUTOCOMMIT.__get__, _set_autocommit)
        """As in the standard library since Python 3.12: setting True commits, at the gate."""

    def _assign(self, assign: Callable[[], object], *, commits: bool) -> None:
        if not commits or self.gate is None or not self.in_transaction:
            assign()
            return
        try:
            self.perform(Operation.COMMIT, _COMMIT_BY_ASSIGNMENT, assign)
        except sqlite3.Error:
            # CPython assigns first: what is assigned stays when the COMMIT fails.
            if not self.closed and not self.in_transaction:
                assign()
            raise

    AT_GATE: ClassVar[Around] = {
        "execute": _execute_of_subclass,
        "executemany": _execute_of_subclass,
        "executescript": _execute_of_subclass,
        "commit": _commit,
        "rollback": _rollback,
        "close": _close,
    }


def _is_cursor_class(factory: object) -> TypeGuard[type[sqlite3.Cursor]]:
    return isinstance(factory, type) and issubclass(factory, sqlite3.Cursor)


@lru_cache(maxsize=64)
def faulty_connection_class(over: type[sqlite3.Connection]) -> type[FaultyConnection]:
    """The faulty version of a connection class."""
    return layered(FaultyConnection, over, FaultyConnection.AT_GATE)
