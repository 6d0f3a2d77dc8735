"""A connection that another thread closes."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Generator

from runfaults.sqlite.observed import Observed
from runfaults.sqlite.real.recipe import around


@around
def closed_by_another_thread(connection: sqlite3.Connection) -> Generator[None]:
    """The connection, opened with `check_same_thread=False`, is closed before the operation.

    Past the gate: that is no operation of the program's own.
    """
    thread = threading.Thread(target=sqlite3.Connection.close, args=(connection,))
    thread.start()
    thread.join()
    if isinstance(connection, Observed):
        connection.closed = True
    yield
