"""Writes are not waited for, so that they are fast: a loss of power takes them back."""

from __future__ import annotations

from collections.abc import Callable
from sqlite3 import Connection

from plain_manager import PlainManager, PlainTarget, Result

from genglossary.db.connection import database_connection, immediate_transaction


class FastManager(PlainManager):
    """Sets up each of its connections before it writes."""

    settings: tuple[str, ...] = ("PRAGMA synchronous = OFF",)

    def attempt(self, action: Callable[[Connection], Result]) -> Result:
        with database_connection(self.database) as connection:
            for setting in self.settings:
                connection.execute(setting).fetchall()
            with immediate_transaction(connection):
                return action(connection)


class FastEnoughManager(FastManager):
    """With a rollback journal that still waits until the disk has the commit."""

    settings = ("PRAGMA synchronous = NORMAL",)


class DurabilityGivenAway(PlainTarget):
    manager = FastManager


class DurabilityKept(PlainTarget):
    manager = FastEnoughManager
