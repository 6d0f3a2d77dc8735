"""Makes every connection that is opened a faulty one."""

# ruff: noqa: ANN401 - the replacement takes and returns what sqlite3.connect does

from __future__ import annotations

import os
import sqlite3
import sqlite3.dbapi2
import sys
import weakref
from _thread import get_ident
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any, NamedTuple, cast

from runfaults.model import Operation
from runfaults.sqlite.connection import FaultyConnection, faulty_connection_class
from runfaults.sqlite.database_file import database_path
from runfaults.sqlite.engine import real_connect
from runfaults.sqlite.gate import Call, Gate, at_gate
from runfaults.sqlite.statement import Statement

_NO_STATEMENT = Statement("")
# sqlite3.connect(database, timeout, detect_types, isolation_level, check_same_thread, factory,
# cached_statements, uri): the place of an argument that is given by position.
_DATABASE, _TIMEOUT, _CHECK_SAME_THREAD, _FACTORY, _URI = 0, 1, 4, 5, 7
_DEFAULT_TIMEOUT = 5.0


@contextmanager
def connections_through(
    gate: Gate, *captured: ModuleType, in_forks: bool = True
) -> Generator[Callable[..., sqlite3.Connection]]:
    """Let a gate watch every connection that is opened inside of the block.

    Connections that live on are let go at the end: they behave as plain ones from then on.
    A process that is spawned inside of the block has plain connections.

    Args:
        gate: What the connections ask.
        captured: Modules that did `from sqlite3 import connect`: their name is replaced too.
        in_forks: Whether a process that is forked inside of the block asks its own copy of the
            gate, as far as that had come, or has plain connections.

    Yields:
        What takes the place of `sqlite3.connect`: for what has kept the real one elsewhere, as a
        function that a tracing library has put there.

    Raises:
        RuntimeError: if another gate is already watching.
    """
    if _present:
        raise RuntimeError(
            "sqlite3.connect is replaced already: another gate is active; "
            "exit its `with` block first"
        )
    opened: weakref.WeakSet[FaultyConnection] = weakref.WeakSet()

    def connect(*arguments: Any, **named: Any) -> sqlite3.Connection:
        connection = _connect(gate, list(arguments), named)
        opened.add(connection)
        return connection

    places = [
        (module, name)
        for module in (sqlite3, sqlite3.dbapi2, *captured)
        for name, value in vars(module).items()
        if value is real_connect
    ]

    def let_go() -> None:
        for module, name in places:
            setattr(module, name, real_connect)
        for connection in list(opened):
            connection.gate = None

    _present.append(_Watch(let_go, in_forks))
    try:
        for module, name in places:
            setattr(module, name, connect)
        yield connect
    finally:
        if any(watch.let_go is let_go for watch in _present):
            unwatch()


_known: tuple[int, tuple[ModuleType, ...]] = 0, ()


def modules_with_connect() -> tuple[ModuleType, ...]:
    """The loaded modules that keep the real `connect` under a name of their own."""
    global _known  # noqa: PLW0603  # looking for them takes longer than a call that is watched
    if _known[0] != len(sys.modules):
        _known = len(sys.modules), tuple(_modules_with_connect())
    return _known[1]


def _modules_with_connect() -> Iterator[ModuleType]:
    return (
        module
        for name, module in list(sys.modules.items())
        if type(module) is ModuleType
        and name.partition(".")[0] not in {"runfaults", "sqlite3", "_sqlite3"}
        and any(value is real_connect for value in list(vars(module).values()))
    )


class _Watch(NamedTuple):
    """The block that this process is in."""

    let_go: Callable[[], None]
    in_forks: bool


_present: list[_Watch] = []


def is_watching() -> bool:
    """Whether a gate watches the connections that are opened."""
    return bool(_present)


def unwatch() -> None:
    """Make all connections plain: for a forked child that has a gate of its parent's."""
    while _present:
        _present.pop().let_go()


def _in_fork() -> None:
    if not all(watch.in_forks for watch in _present):
        unwatch()


if hasattr(os, "register_at_fork"):
    cast("Any", os).register_at_fork(after_in_child=_in_fork)


def _connect(gate: Gate, arguments: list[Any], named: dict[str, Any]) -> FaultyConnection:
    database = _argument(arguments, named, _DATABASE, "database", None)
    uri = bool(_argument(arguments, named, _URI, "uri", default=False))
    timeout = _argument(arguments, named, _TIMEOUT, "timeout", _DEFAULT_TIMEOUT)
    bound = _argument(arguments, named, _CHECK_SAME_THREAD, "check_same_thread", default=True)
    factory = _argument(arguments, named, _FACTORY, "factory", sqlite3.Connection)
    if isinstance(timeout, (int, float)):
        _put(arguments, named, _TIMEOUT, "timeout", 0.0)
    _put(arguments, named, _FACTORY, "factory", _faulty_factory(factory))

    def open_connection() -> FaultyConnection:
        _opening.add(get_ident())
        try:
            connection = cast("FaultyConnection", real_connect(*arguments, **named))
        finally:
            _opening.discard(get_ident())
        connection.attach(gate, database, uri=uri, timeout=timeout, shared=not bound)
        return connection

    file = _file_of(database, uri=uri)
    call = Call(Operation.CONNECT, _NO_STATEMENT, None, real=open_connection, file=file)
    return at_gate(gate, call)


def _file_of(database: Any, *, uri: bool) -> str:
    try:
        return database_path(os.fsdecode(database), uri=uri)
    except (TypeError, ValueError):
        return ""  # sqlite3 says what it thinks of that


_opening: set[int] = set()


def is_opening() -> bool:
    """Whether the calling thread is opening a connection that will be watched."""
    return get_ident() in _opening


def _faulty_factory(factory: Any) -> Any:
    if isinstance(factory, type) and issubclass(factory, sqlite3.Connection):
        return faulty_connection_class(factory)

    def make(*arguments: Any, **named: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = factory(*arguments, **named)
        if type(connection) is sqlite3.Connection:
            connection.close()
            raise TypeError(
                f"the connection factory {factory!r} returns exact sqlite3.Connection objects, "
                "which cannot be watched; let it return a subclass"
            )
        connection.__class__ = faulty_connection_class(type(connection))
        return connection

    return make


def _argument(
    arguments: list[Any], named: dict[str, Any], place: int, name: str, default: object
) -> Any:
    return arguments[place] if len(arguments) > place else named.get(name, default)


def _put(arguments: list[Any], named: dict[str, Any], place: int, name: str, value: object) -> None:
    if len(arguments) > place:
        arguments[place] = value
    else:
        named[name] = value
