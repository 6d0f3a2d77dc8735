"""An interrupt: after a number of steps of SQLite's virtual machine, or between two rows."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Generator
from functools import partial
from itertools import repeat

from runfaults.sqlite.engine import has_active_statement
from runfaults.sqlite.observed import Observed
from runfaults.sqlite.real.recipe import Recipe, around, is_closed


@around
def interrupt_after(
    connection: sqlite3.Connection, steps: int, *, once: bool = False
) -> Generator[None]:
    """The progress handler interrupts the operation (SQLite C API, `sqlite3_progress_handler`).

    Args:
        connection: The one that is struck.
        steps: After how many.
        once: Only the first statement of several that the operation consists of.
    """
    interrupts = iter([1]) if once else repeat(1)
    before = connection.progress if isinstance(connection, Observed) else (None, 0)
    set_handler = partial(sqlite3.Connection.set_progress_handler, connection)
    set_handler(lambda: next(interrupts, 0), steps)
    try:
        yield
    finally:
        if not is_closed(connection):
            set_handler(*before)


def interrupted() -> Recipe:
    """`Connection.interrupt` where a cursor has rows left: it lasts as long as that has.

    Where none has, an interrupt is only felt by what is running (SQLite C API,
    `sqlite3_interrupt`), so it must come in the middle of the operation.
    """

    def recipe(connection: sqlite3.Connection, operation: Callable[[], object]) -> object:
        if not has_active_statement(connection):
            return interrupt_after(1)(connection, operation)
        sqlite3.Connection.interrupt(connection)
        return operation()

    return recipe
