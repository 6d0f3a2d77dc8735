"""The seam between a faulty connection and whoever decides what strikes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from runfaults.model import Operation
from runfaults.sqlite.statement import Statement

if TYPE_CHECKING:
    # The connection asks the gate, the gate looks at the connection: one of the two imports is
    # for the type checker only.
    from runfaults.sqlite.cursor import FaultyCursor
    from runfaults.sqlite.kind import FaultKind
    from runfaults.sqlite.watched import WatchedConnection


def _nothing() -> None:
    """What a call does that nobody wants performed."""


class Call(NamedTuple):
    """One operation that a connection is about to perform.

    Attributes:
        operation: What is performed.
        statement: The SQL statement, parsed; an empty one where there is no SQL.
        connection: Who performs it. For `connect` None before, and the new one after.
        cursor: Whose rows are fetched; None for the other operations.
        real: Performs the operation on the real engine, past the gate. For kinds: what a
            fault leaves is sometimes most faithfully made by the operation itself.
    """

    operation: Operation
    statement: Statement
    connection: WatchedConnection | None
    cursor: FaultyCursor | None = None
    real: Callable[[], object] = _nothing


class Gate(Protocol):
    """Decides what strikes, and hears what came of it."""

    def before(self, call: Call) -> FaultKind | None:
        """Called before each operation; returns the kind that strikes it, or None.

        The gate may let other threads run before it returns. It only returns a kind whose
        `refusal` for this call is None.
        """
        ...

    def after(self, call: Call, error: BaseException | None) -> None:
        """Called after each operation, with the exception it is about to raise, if any."""
        ...

    def busy(self, call: Call, waited: int) -> bool:
        """The engine itself found the database locked; called where SQLite's busy handler would be.

        Plays the busy handler's part (SQLite C API, `sqlite3_busy_handler`): `waited` counts the
        calls for this operation so far; False gives up, True tries again. Not called while the
        connection's `busy_timeout` is 0.
        """
        ...


def at_gate(gate: Gate, call: Call) -> Any:  # noqa: ANN401 - what the operation returns
    """Perform a call, or let what the gate names strike it; either way the gate hears the end.

    Nothing here may keep the exception: with its traceback it would keep cursors and connections
    alive, and their locks, until the garbage collector came.
    """
    kind = gate.before(call)
    try:
        result = call.real() if kind is None else kind.strike(call)
    except BaseException as error:
        gate.after(call, error)
        raise
    opened = call.operation is Operation.CONNECT
    gate.after(call._replace(connection=result) if opened else call, None)
    return result
