"""The seam between a connection and what strikes it: calls, gates, fault kinds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

from runfaults.model import Operation
from runfaults.sqlite.observed import Observed, Rows
from runfaults.sqlite.real.recipe import Recipe
from runfaults.sqlite.statement import Statement


def _nothing() -> None:
    """Perform nothing."""


class Call(NamedTuple):
    """One operation that a connection is about to perform.

    Attributes:
        operation: What is performed.
        statement: The SQL statement, parsed; an empty one where there is no SQL.
        connection: Who performs it. For `connect` None before, and the new one after.
        cursor: Whose rows are fetched; None for the other operations.
        real: Performs the operation on the real engine, past the gate. For kinds: what a
            fault leaves is sometimes most faithfully made by the operation itself.
        file: For `connect`: the file that is opened; empty for a database in memory.
        thing: For `call`: what is used.
        begun: For `call`: whether the work of every run has begun.
    """

    operation: Operation
    statement: Statement
    connection: Observed | None
    cursor: Rows | None = None
    real: Callable[[], object] = _nothing
    file: str = ""
    thing: object = None
    begun: bool = False


class FaultKind(Protocol):
    """One way in which SQLite fails."""

    @property
    def name(self) -> str:
        """Lower case, hyphenated: how a schedule names it."""
        ...

    @property
    def summary(self) -> str:
        """One line for a list of kinds."""
        ...

    def refusal(self, call: Call) -> str | None:
        """Why the real engine could not fail in this way at this call, in this state.

        Returns:
            The reason, as a clause without a full stop; None if it can.
        """
        ...

    def waits(self, call: Call) -> bool:
        """Whether the real engine would have spent the busy timeout before it failed."""
        ...

    def strike(self, call: Call) -> object:
        """Leave what the failure leaves; raise what it raises, or return the operation's result."""
        ...

    def real(self, call: Call) -> Recipe:
        """The recipe that makes the failure happen for real at this call.

        Raises:
            Unavailable: if nothing does, or not on this machine.
        """
        ...


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


_CONNECT = Operation.CONNECT


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
    gate.after(call._replace(connection=result) if call.operation is _CONNECT else call, None)
    return result
