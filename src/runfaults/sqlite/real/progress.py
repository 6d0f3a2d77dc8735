"""An interrupt after a number of steps of SQLite's virtual machine."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import suppress
from itertools import repeat

from runfaults.sqlite.real.recipe import Recipe


def interrupt_after(steps: int, *, once: bool = False) -> Recipe:
    """The progress handler interrupts the operation (SQLite C API, `sqlite3_progress_handler`).

    Args:
        steps: After how many.
        once: Only the first statement of several that the operation consists of.
    """

    def recipe(connection: sqlite3.Connection, operation: Callable[[], object]) -> object:
        interrupts = iter([1]) if once else repeat(1)
        connection.set_progress_handler(lambda: next(interrupts, 0), steps)
        try:
            return operation()
        finally:
            with suppress(sqlite3.ProgrammingError):  # the operation may have closed it
                connection.set_progress_handler(None, 0)

    return recipe
