"""An interrupt after a number of steps of SQLite's virtual machine."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from runfaults.sqlite.real.recipe import Recipe


def interrupt_after(steps: int) -> Recipe:
    """The progress handler interrupts the operation (SQLite C API, `sqlite3_progress_handler`)."""

    def recipe(connection: sqlite3.Connection, operation: Callable[[], object]) -> object:
        connection.set_progress_handler(_interrupt, steps)
        try:
            return operation()
        finally:
            connection.set_progress_handler(None, 0)

    return recipe


def _interrupt() -> int:
    return 1
