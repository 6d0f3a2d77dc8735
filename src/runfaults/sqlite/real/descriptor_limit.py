"""No more file descriptors."""

from __future__ import annotations

import resource
import sqlite3
from collections.abc import Callable

from runfaults.sqlite.real.recipe import Recipe


def descriptor_limit() -> Recipe:
    """`RLIMIT_NOFILE` is 0 while the operation runs: no file can be opened."""

    def recipe(connection: sqlite3.Connection, operation: Callable[[], object]) -> object:  # noqa: ARG001
        limits = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (0, limits[1]))
        try:
            return operation()
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, limits)

    return recipe
