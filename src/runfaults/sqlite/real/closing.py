"""A connection that another thread closes."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable

from runfaults.sqlite.real.recipe import Recipe


def closed_by_another_thread() -> Recipe:
    """The connection, opened with `check_same_thread=False`, is closed before the operation."""

    def recipe(connection: sqlite3.Connection, operation: Callable[[], object]) -> object:
        thread = threading.Thread(target=connection.close)
        thread.start()
        thread.join()
        return operation()

    return recipe
