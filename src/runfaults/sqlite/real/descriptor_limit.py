"""No more file descriptors."""

from __future__ import annotations

import resource
import sqlite3
from collections.abc import Generator

from runfaults.sqlite.real.recipe import around


@around
def descriptor_limit(_: sqlite3.Connection) -> Generator[None]:
    """`RLIMIT_NOFILE` is 0 while the operation runs: no file can be opened."""
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
