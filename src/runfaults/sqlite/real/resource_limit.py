"""What the process may use no more of."""

from __future__ import annotations

import resource
import sqlite3
from collections.abc import Generator

from runfaults.sqlite.real.recipe import Recipe, around


def descriptor_limit() -> Recipe:
    """`RLIMIT_NOFILE` is 0 while the operation runs: no file can be opened."""
    return _nothing_left(resource.RLIMIT_NOFILE)


def file_size_limit() -> Recipe:
    """`RLIMIT_FSIZE` is 0 while the operation runs: every write to a file fails with EFBIG.

    It hits the whole process, its log files too. Python ignores the signal SIGXFSZ that comes
    with it.
    """
    return _nothing_left(resource.RLIMIT_FSIZE)


@around
def _nothing_left(_: sqlite3.Connection, sort: int) -> Generator[None]:
    limits = resource.getrlimit(sort)
    resource.setrlimit(sort, (0, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(sort, limits)
