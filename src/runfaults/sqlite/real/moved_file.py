"""The database file is not where it was while the operation runs."""

from __future__ import annotations

import sqlite3
import subprocess
from collections.abc import Generator
from pathlib import Path

from runfaults.sqlite.real.recipe import around


@around
def moved_away(_: sqlite3.Connection, database: Path) -> Generator[None]:
    """The file is under another name meanwhile, and back afterwards: its name was deleted."""
    aside = database.with_name(database.name + "-aside")
    database.rename(aside)
    try:
        yield
    finally:
        # Whatever was made in its place is lost, as it would be.
        aside.replace(database)


@around
def replaced_by_copy(_: sqlite3.Connection, database: Path) -> Generator[None]:
    """Another file has its name meanwhile, as after a restored backup; then the first is back."""
    aside = database.with_name(database.name + "-aside")
    copy = database.with_name(database.name + "-copy")
    # A process of its own reads: closing the file here would drop SQLite's locks on it.
    subprocess.run(["cp", "--", database, copy], check=True)  # noqa: S603, S607
    database.rename(aside)
    copy.rename(database)
    try:
        yield
    finally:
        aside.replace(database)
