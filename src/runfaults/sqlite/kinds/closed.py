"""Another thread closed the connection."""

from __future__ import annotations

import sqlite3
from typing import NoReturn

from runfaults.model import Operation
from runfaults.sqlite.errors import EmulationError
from runfaults.sqlite.gate import Call
from runfaults.sqlite.likelihood import Likelihood
from runfaults.sqlite.real.closing import closed_by_another_thread
from runfaults.sqlite.real.recipe import Recipe


class Closed:
    """Another thread closed the connection just before: this and all that follows fails.

    Only where the connection was opened with `check_same_thread=False`.
    """

    name = "closed"
    summary = "the connection was closed by another thread: its open transaction is rolled back"
    takes_effect = False
    lasts = True

    def refusal(self, call: Call) -> str | None:  # noqa: PLR0911 - one for each reason
        """Why it cannot strike this call; None if it can."""
        connection = call.connection
        if connection is None:
            return "there is no connection yet that could be closed"
        if call.operation is Operation.CLOSE:
            return "closing twice is not an error"
        if connection.closed:
            return "the connection is closed already"
        if connection.in_wrong_thread:
            return "the connection belongs to another thread: that is what will be reported"
        if call.statement.row > 1:
            return "CPython crashes where executemany meets a closed connection between two rows"
        if not connection.shared:
            return "check_same_thread lets no other thread close the connection"
        return None

    def waits(self, call: Call) -> bool:  # noqa: ARG002 - the same everywhere
        """No."""
        return False

    def strike(self, call: Call) -> NoReturn:
        """Close the connection and perform the operation on it."""
        connection = call.connection
        assert connection is not None
        sqlite3.Connection.close(connection)
        connection.closed = True
        call.real()
        raise EmulationError("an operation on a closed connection succeeded")

    def real(self, call: Call) -> Recipe:  # noqa: ARG002 - the same everywhere
        """Another thread closes it."""
        return closed_by_another_thread()

    def likelihood_at(self, call: Call) -> Likelihood:  # noqa: ARG002 - the same everywhere
        """The program's own mistake."""
        return Likelihood.MISTAKE
