"""Files that may not be written."""

from __future__ import annotations

import resource
import sqlite3
from collections.abc import Generator

from runfaults.sqlite.real.recipe import around


@around
def file_size_limit(_: sqlite3.Connection) -> Generator[None]:
    """`RLIMIT_FSIZE` is 0 while the operation runs: every write to a file fails with EFBIG.

    It hits the whole process, its log files too. Python ignores the signal SIGXFSZ that comes
    with it.
    """
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
