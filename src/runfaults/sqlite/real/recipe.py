"""Recipes, by which real faults are made."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import wraps
from typing import Concatenate, ParamSpec, Protocol

_Given = ParamSpec("_Given")


class Unavailable(Exception):  # noqa: N818 - a state of the machine, not an error of the program
    """This machine, or its SQLite library, cannot produce the fault; the message says why."""


class Recipe(Protocol):
    """Performs an operation while a real cause makes it fail."""

    def __call__(self, connection: sqlite3.Connection, operation: Callable[[], object]) -> object:
        """Perform the operation on this connection under the fault; return what it returns.

        The cause is gone when this returns or raises.

        Raises:
            Unavailable: if the fault cannot be produced here.
            Exception: what the operation raises under the fault.
        """
        ...


def around(
    cause: Callable[Concatenate[sqlite3.Connection, _Given], Generator[None]],
) -> Callable[_Given, Recipe]:
    """Make recipes of a cause: it is there from what a function does before its `yield` on.

    What it does behind the `yield` ends it.
    """
    made = contextmanager(cause)

    @wraps(cause)
    def recipe_with(*given: _Given.args, **named: _Given.kwargs) -> Recipe:
        def recipe(connection: sqlite3.Connection, operation: Callable[[], object]) -> object:
            with made(connection, *given, **named):
                return operation()

        return recipe

    return recipe_with


def main_file(connection: sqlite3.Connection) -> str:
    """The path of the connection's main database; empty for one in memory."""
    # Not through the connection: that could take a lock, and a lock is what we may be measuring.
    rows = sqlite3.Cursor(connection).execute("PRAGMA database_list").fetchall()
    return str(next(path for _, name, path in rows if name == "main"))


def is_closed(connection: sqlite3.Connection) -> bool:
    """Whether nothing is left on which a cause could be ended."""
    try:
        return connection.total_changes < 0
    except sqlite3.ProgrammingError:
        return True


def under(
    recipe: Recipe,
    connection: sqlite3.Connection,
    operation: Callable[[], object],
    lasting: Callable[[str], None],
) -> object:
    """Perform an operation under a cause: only what the operation itself does gets out.

    Args:
        recipe: Makes the cause, and ends it.
        connection: See `Recipe`.
        operation: See `Recipe`.
        lasting: Told why a cause could not be ended.

    Raises:
        Unavailable: if the cause could not be made; then the operation was not performed.
    """
    own = _Own(operation)
    try:
        recipe(connection, own)
    except Unavailable:
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is, it is not the target's
        if not own.performed:
            raise Unavailable(f"the cause could not be made: {error!r}") from None
        if error is not own.error:
            lasting(f"the cause could not be ended: {error!r}")
    return own.give()


class _Own:
    """An operation that remembers how it ended, whatever is raised afterwards."""

    def __init__(self, operation: Callable[[], object]) -> None:
        self._operation = operation
        self._result: object = None
        self.performed = False
        self.error: BaseException | None = None

    def __call__(self) -> object:
        self.performed = True
        try:
            self._result = self._operation()
        except BaseException as error:
            self.error = error
            raise
        return self._result

    def give(self) -> object:
        """Return what it returned, or raise what it raised, and keep neither."""
        result, self._result = self._result, None
        error, self.error = self.error, None
        if error is None:
            return result
        try:
            raise error
        finally:
            del error
