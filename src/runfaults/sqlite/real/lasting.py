"""Causes that no fault kind stands for: only the real engine can be struck by them."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from runfaults.sqlite.effect import connection_of
from runfaults.sqlite.gate import Call, FaultKind
from runfaults.sqlite.kinds import KINDS
from runfaults.sqlite.real.moved_file import moved_away, replaced_by_copy
from runfaults.sqlite.real.page_limit import page_limit
from runfaults.sqlite.real.recipe import Recipe
from runfaults.sqlite.real.resource_limit import descriptor_limit, file_size_limit
from runfaults.sqlite.real.small_disk import filled
from runfaults.sqlite.real.system_call import short_write


@dataclass(frozen=True, slots=True)
class LastingCause:
    """A cause that is there during one operation, which may well succeed.

    Attributes:
        name: See `FaultKind`.
        summary: See `FaultKind`.
        recipe: Makes the cause for a database file.
    """

    name: str
    summary: str
    recipe: Callable[[Path], Recipe]

    def refusal(self, call: Call) -> str | None:
        """It can be there at any operation on a database file."""
        connection = call.connection
        if connection is None or not connection.path or connection.closed:
            return "there is no database file open"
        if connection.in_wrong_thread:
            return "the connection belongs to another thread: the engine is not reached"
        return None

    def waits(self, call: Call) -> bool:  # noqa: ARG002  # whatever the operation
        """The engine itself waits, if it does."""
        return False

    def real(self, call: Call) -> Recipe:
        """The cause, for the call's database file."""
        return self.recipe(Path(connection_of(call).path))

    def strike(self, call: Call) -> object:
        """Perform the operation without the cause: only `real` makes it."""
        return call.real()


def _read_only(folder: Path) -> Recipe:
    def recipe(connection: sqlite3.Connection, operation: Callable[[], object]) -> object:  # noqa: ARG001
        mode = folder.stat().st_mode
        folder.chmod(0o555)
        try:
            return operation()
        finally:
            folder.chmod(mode)

    return recipe


DISK_FULL, READ_ONLY_FOLDER = "disk-full", "read-only-folder"

_ALL = (
    LastingCause("moved-away", "the database file has another name meanwhile", moved_away),
    LastingCause(
        "replaced-by-copy", "another file has the database's name meanwhile", replaced_by_copy
    ),
    LastingCause(
        "no-descriptors", "the process may open no more files", lambda _: descriptor_limit()
    ),
    LastingCause("no-file-may-grow", "no file may grow", lambda _: file_size_limit()),
    LastingCause("no-page-left", "the database may get no more pages", lambda _: page_limit()),
    LastingCause(
        "short-write", "the system writes less than it was asked to", lambda _: short_write()
    ),
    LastingCause(DISK_FULL, "the disk is really full", lambda database: filled(database.parent)),
    LastingCause(
        READ_ONLY_FOLDER,
        "the database's folder may not be written",
        lambda database: _read_only(database.parent),
    ),
)

CAUSES: Mapping[str, FaultKind] = MappingProxyType({cause.name: cause for cause in _ALL})
"""Every such cause by its name."""


EVERY_KIND: Mapping[str, FaultKind] = MappingProxyType({**KINDS, **CAUSES})
"""Every fault kind, and every cause that only the real engine can be struck by, by its name."""
