"""SQLITE_FULL: the disk has no room left."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Callable
from functools import partial

from runfaults.sqlite.effect import connection_of, rolled_back
from runfaults.sqlite.gate import Call
from runfaults.sqlite.kinds.ioerr_write import IoerrWrite
from runfaults.sqlite.likelihood import Likelihood
from runfaults.sqlite.real.recipe import Recipe
from runfaults.sqlite.real.system_call import WRITE_CALLS, failing_system_call
from runfaults.sqlite.shape import is_audited, surely_changes_one_row
from runfaults.sqlite.situation import WRITES, Situation, situation_of

_TRANSACTIONAL = WRITES - {Situation.AUTOCOMMIT_WRITE}


class Full(IoerrWrite):
    """Journal or database cannot grow: strikes and undoes as a disk that takes no write."""

    name = "full"
    summary = "database or disk is full: the transaction is rolled back"
    code = sqlite3.SQLITE_FULL
    likelihood = Likelihood.LIKELY
    made_by = staticmethod(partial(failing_system_call, *WRITE_CALLS, error=errno.ENOSPC))

    def obstacle(self, call: Call, situation: Situation, /) -> str | None:
        """Why it cannot strike although the situation is one of its own."""
        if situation in _TRANSACTIONAL and not surely_changes_one_row(
            connection_of(call), call.statement
        ):
            return (
                "what a full disk undoes of a statement that may change several rows depends on "
                "the constraints of the table"
            )
        return super().obstacle(call, situation)

    def real(self, call: Call) -> Recipe:
        """See `FaultKind`."""
        recipe = super().real(call)
        if situation_of(call) in _TRANSACTIONAL and is_audited(connection_of(call), call.statement):
            return _undone(recipe, call)
        return recipe


def _undone(recipe: Recipe, call: Call) -> Recipe:
    """The engine fails; then the transaction goes, as it does where no audit has a trigger."""

    def undo(connection: sqlite3.Connection, operation: Callable[[], object]) -> object:
        try:
            return recipe(connection, operation)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode == sqlite3.SQLITE_FULL:
                rolled_back(call)
            raise

    return undo
