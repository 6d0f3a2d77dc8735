"""The database file is not where it was while the operation runs."""

from __future__ import annotations

import sqlite3
import subprocess
from collections.abc import Callable
from pathlib import Path

from runfaults.sqlite.real.recipe import Recipe


def moved_away(database: Path) -> Recipe:
    """The file is under another name meanwhile, and back afterwards: its name was deleted."""

    def recipe(connection: sqlite3.Connection, operation: Callable[[], object]) -> object:  # noqa: ARG001
        aside = database.with_name(database.name + "-aside")
        database.rename(aside)
        try:
            return operation()
        finally:
            # Whatever was made in its place is lost, as it would be.
            aside.replace(database)

    return recipe


def replaced_by_copy(database: Path) -> Recipe:
    """Another file has its name meanwhile, as after a restored backup; then the first is back."""

    def recipe(connection: sqlite3.Connection, operation: Callable[[], object]) -> object:  # noqa: ARG001
        aside = database.with_name(database.name + "-aside")
        copy = database.with_name(database.name + "-copy")
        # A process of its own reads: closing the file here would drop SQLite's locks on it.
        subprocess.run(["cp", "--", database, copy], check=True)  # noqa: S603, S607
        database.rename(aside)
        copy.rename(database)
        try:
            return operation()
        finally:
            aside.replace(database)

    return recipe
