"""Makes every connection that is opened a faulty one."""

# ruff: noqa: ANN401 - the replacement takes and returns what sqlite3.connect does

from __future__ import annotations

import sqlite3
import sqlite3.dbapi2
import weakref
from collections.abc import Generator
from contextlib import contextmanager
from types import ModuleType
from typing import Any, cast

from runfaults.model import Operation
from runfaults.sqlite.connection import FaultyConnection, faulty_connection_class
from runfaults.sqlite.engine import real_connect
from runfaults.sqlite.gate import Call, Gate, at_gate
from runfaults.sqlite.statement import Statement

_NO_STATEMENT = Statement("")
# sqlite3.connect(database, timeout, detect_types, isolation_level, check_same_thread, factory,
# cached_statements, uri): the place of an argument that is given by position.
_DATABASE, _TIMEOUT, _FACTORY, _URI = 0, 1, 5, 7
_DEFAULT_TIMEOUT = 5.0


@contextmanager
def connections_through(gate: Gate, *captured: ModuleType) -> Generator[None]:
    """Let a gate watch every connection that is opened inside of the block.

    Connections that live on are let go at the end: they behave as plain ones from then on.

    Args:
        gate: Whom the connections ask.
        captured: Modules that did `from sqlite3 import connect`: their name is replaced too.

    Raises:
        RuntimeError: if another gate is already watching.
    """
    if sqlite3.connect is not real_connect:
        raise RuntimeError(
            "sqlite3.connect is replaced already; only one gate at a time can watch: leave the "
            "other block first"
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
    try:
        for module, name in places:
            setattr(module, name, connect)
        yield
    finally:
        for module, name in places:
            setattr(module, name, real_connect)
        for connection in list(opened):
            connection.gate = None


def _connect(gate: Gate, arguments: list[Any], named: dict[str, Any]) -> FaultyConnection:
    database = _argument(arguments, named, _DATABASE, "database", None)
    uri = bool(_argument(arguments, named, _URI, "uri", default=False))
    timeout = _argument(arguments, named, _TIMEOUT, "timeout", _DEFAULT_TIMEOUT)
    factory = _argument(arguments, named, _FACTORY, "factory", sqlite3.Connection)
    if isinstance(timeout, (int, float)):
        _put(arguments, named, _TIMEOUT, "timeout", 0.0)
    _put(arguments, named, _FACTORY, "factory", _faulty_factory(factory))

    def open_connection() -> FaultyConnection:
        connection = cast("FaultyConnection", real_connect(*arguments, **named))
        connection.attach(gate, database, uri=uri, timeout=timeout)
        return connection

    return at_gate(gate, Call(Operation.CONNECT, _NO_STATEMENT, None, real=open_connection))


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
