"""A cursor whose operations a gate can strike."""

# ruff: noqa: ANN401 - the methods take and return what those of the standard library do

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from functools import lru_cache, partial
from types import BuiltinMethodType
from typing import Any, ClassVar, Self

from runfaults.model import Operation
from runfaults.sqlite.frames import without_own_frames
from runfaults.sqlite.layering import Around, layered
from runfaults.sqlite.replay import Replay
from runfaults.sqlite.statement import Statement
from runfaults.sqlite.watched import WatchedConnection

_NO_STATEMENT = Statement("")
_END = object()


class FaultyCursor(sqlite3.Cursor):
    """A real cursor of a `FaultyConnection`.

    Each `execute`, each `fetch*`, each `next` and each start of an iteration meets the gate once;
    the rows inside an iteration do not.
    """

    statement: Statement = _NO_STATEMENT
    """The statement that it executed last."""
    all_wanted: bool = False
    """Whether all rows are being fetched."""
    _iterating = False
    _earlier = 0

    @property
    def rowcount(self) -> int:
        """As in the standard library: of all batches of an `executemany`."""
        return super().rowcount + self._earlier

    @without_own_frames
    def execute(self, sql: str, parameters: Any = (), /) -> Self:
        """Execute one statement, at the gate."""
        return self._execute(super().execute, sql, parameters)

    @without_own_frames
    def executemany(self, sql: str, parameters: Iterable[Any], /) -> Self:
        """Execute one statement for each row of parameters: row 1, 2, 4, 8, ... meet the gate."""
        return self._executemany(super().executemany, sql, parameters)

    @without_own_frames
    def executescript(self, sql_script: str, /) -> sqlite3.Cursor:
        """Perform each statement of a script at the gate."""
        return self._executescript(super().executescript, sql_script)

    @without_own_frames
    def fetchone(self) -> Any:
        """Fetch one row, at the gate."""
        return self._fetchone(super().fetchone)

    @without_own_frames
    def fetchmany(self, size: int | None = None) -> list[Any]:
        """Fetch some rows, at the gate once."""
        sizes = () if size is None else (size,)
        return self._fetchmany(super().fetchmany, *sizes)

    @without_own_frames
    def fetchall(self) -> list[Any]:
        """Fetch the remaining rows, at the gate once."""
        return self._fetchall(super().fetchall)

    @without_own_frames
    def __iter__(self) -> Self:
        connection = self._gated()
        if connection is not None:
            connection.perform(Operation.FETCH, self.statement, super().__iter__, self)
            self._iterating = True
        return self

    @without_own_frames
    def __next__(self) -> Any:
        if not self._iterating:
            return self._next(super().__next__)
        try:
            return super().__next__()
        except StopIteration:
            self._forget_rows()
            raise

    def close(self) -> None:
        """Close the cursor: no operation of the engine that could fail."""
        super().close()
        self._forget_rows()

    def _gated(self) -> WatchedConnection | None:
        """The connection, if a gate watches it."""
        connection = getattr(self, "connection", None)
        return connection if getattr(connection, "gate", None) is not None else None

    def _execute(self, real: Callable[..., Self], sql: object, *parameters: object) -> Self:
        connection = self._gated()
        if connection is None or not isinstance(sql, str):
            return real(sql, *parameters)
        if self.statement is not _NO_STATEMENT:
            self._forget_rows()
            self._earlier = 0
        self.statement = statement = Statement.parse(sql)
        operation = connection.operation_of(statement)
        perform = partial(real, sql, *parameters)
        result = connection.perform(operation, statement, perform, self)
        if (
            statement.returns_rows
            and statement.touches_file
            and not connection.elsewhere(statement)
        ):
            connection.state.cursors.add(self)
        return result

    def _executemany(
        self, real: Callable[..., Self], sql: object, rows: Iterable[object], *rest: object
    ) -> Self:
        connection = self._gated()
        if connection is None or not isinstance(sql, str):
            return real(sql, rows, *rest)
        self._forget_rows()
        self._earlier = 0
        self.statement = statement = Statement.parse(sql)
        if not isinstance(real, BuiltinMethodType) or not hasattr(rows, "__iter__"):
            # The program's own method is one operation; no iterable is for the real one to refuse.
            perform = partial(real, sql, rows, *rest)
            return connection.perform(connection.operation_of(statement), statement, perform, self)
        return self._batches(connection, partial(real, sql), Replay(rows), *rest)

    def _batches(
        self,
        connection: WatchedConnection,
        real: Callable[..., Self],
        rows: Replay,
        *rest: object,
    ) -> Self:
        """Perform batch by batch: before the first row of each one the operation can fail."""

        def perform() -> Self:
            rows.rewind()
            return real(rows, *rest)

        part, earlier = self.statement, 0
        while True:
            operation = connection.operation_of(part)
            try:
                result = connection.perform(operation, part, perform, self)
            except BaseException:
                self._earlier = -1 - super().rowcount  # CPython: -1 where any row fails
                raise
            if not rows.begin_batch():
                self._earlier = earlier
                return result
            earlier += max(0, super().rowcount)
            part = self.statement.for_row(rows.given)

    def _executescript(
        self, real: Callable[..., sqlite3.Cursor], script: object, *rest: object
    ) -> sqlite3.Cursor:
        connection = self._gated()
        if connection is None or not isinstance(script, str) or rest:
            return real(script, *rest)
        connection.perform_script(script, real)
        return self

    def _fetch(self, real: Callable[..., Any], *arguments: object, **named: object) -> Any:
        self._iterating = False
        connection = self._gated()
        if connection is None:
            return real(*arguments, **named)
        perform = partial(real, *arguments, **named)
        return connection.perform(Operation.FETCH, self.statement, perform, self)

    def _fetchone(self, real: Callable[..., Any]) -> Any:
        row = self._fetch(real)
        if row is None:
            self._forget_rows()
        return row

    def _fetchmany(self, real: Callable[..., Any], *size: object, **named: object) -> list[Any]:
        return self._fetch(real, *size, **named)

    def _fetchall(self, real: Callable[..., Any]) -> list[Any]:
        self.all_wanted = True
        try:
            rows = self._fetch(real)
        finally:
            self.all_wanted = False
        self._forget_rows()
        return rows

    def _next(self, real: Callable[..., Any]) -> Any:
        def step() -> object:
            try:
                return real()
            except StopIteration:
                return _END

        row = self._fetch(step)
        if row is _END:
            self._forget_rows()
            raise StopIteration
        return row

    def lose_rows(self) -> None:
        """End the read: there is nothing left to fetch. For kinds that strike a fetch."""
        factory, self.row_factory = self.row_factory, None
        try:
            super().fetchall()
        finally:
            self.row_factory = factory
            self._forget_rows()

    def _forget_rows(self) -> None:
        """There is nothing left to fetch."""
        self._iterating = False
        connection = self._gated()
        if connection is not None:
            connection.state.cursors.discard(self)

    AT_GATE: ClassVar[Around] = {
        "execute": _execute,
        "executemany": _executemany,
        "executescript": _executescript,
        "fetchone": _fetchone,
        "fetchmany": _fetchmany,
        "fetchall": _fetchall,
    }


@lru_cache(maxsize=64)
def faulty_cursor_class(over: type[sqlite3.Cursor]) -> type[FaultyCursor]:
    """The faulty version of a cursor class."""
    return layered(FaultyCursor, over, FaultyCursor.AT_GATE)


def faulty_cursor(cursor: sqlite3.Cursor) -> sqlite3.Cursor:
    """Make a cursor that the program's own class created a faulty one.

    An exact `sqlite3.Cursor` cannot change its class: its operations are not seen.
    """
    if type(cursor) is not sqlite3.Cursor and not isinstance(cursor, FaultyCursor):
        cursor.__class__ = faulty_cursor_class(type(cursor))
    return cursor
