"""The seam between a faulty connection and whoever decides what strikes."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from runfaults.model import Operation
from runfaults.sqlite.statement import Statement

if TYPE_CHECKING:
    # The connection asks the gate, the gate looks at the connection: one of the two imports is
    # for the type checker only.
    from runfaults.sqlite.connection import FaultyConnection
    from runfaults.sqlite.kind import FaultKind


class Call(NamedTuple):
    """One operation that a connection is about to perform.

    Attributes:
        operation: What is performed.
        statement: The SQL statement, parsed; an empty one where there is no SQL.
        connection: Who performs it. None for `connect`, where there is none yet.
    """

    operation: Operation
    statement: Statement
    connection: FaultyConnection | None


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
        calls for this operation so far; False gives up, True tries again.
        """
        ...
