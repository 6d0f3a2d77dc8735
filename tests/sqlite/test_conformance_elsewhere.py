"""Conformance where there is no connection yet, in shared caches, and where nothing can strike."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from runfaults.sqlite import KINDS, Call, FaultKind, connections_through, inject, real_connect
from runfaults.sqlite.real.heap_limit import heap_limit
from runfaults.sqlite.real.held_lock import held_lock
from runfaults.sqlite.real.page_limit import page_limit
from runfaults.sqlite.real.query_only import query_only
from runfaults.sqlite.real.recipe import Recipe
from runfaults.sqlite.real.resource_limit import descriptor_limit, file_size_limit
from runfaults.sqlite.real.system_call import WRITE_CALLS, failing_system_call


def raised_by(operation: Callable[[], object]) -> tuple[object, ...]:
    with pytest.raises((sqlite3.Error, MemoryError)) as raised:
        operation()
    error = raised.value
    return (type(error), error.args, getattr(error, "sqlite_errorcode", None))


@pytest.mark.parametrize(
    ("kind", "cause"),
    [
        ("cantopen", failing_system_call("open", error=errno.EMFILE)),
        ("cantopen", descriptor_limit()),
        ("nomem", heap_limit()),
    ],
)
def test_connecting_fails_as_it_really_does(kind: str, cause: Recipe, tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    with closing(real_connect(":memory:")) as unused:
        real = raised_by(lambda: cause(unused, lambda: real_connect(path)))
    with inject(f"{kind} at main connect"):
        emulated = raised_by(lambda: sqlite3.connect(path))
    assert emulated == real
    assert not path.exists()


SHARED: list[tuple[str, str | None, tuple[str, ...]]] = [
    ("UPDATE t SET a = 2", "", ()),
    ("UPDATE t SET a = 3", "", ("BEGIN",)),
    ("UPDATE t SET a = 4", None, ()),
    ("UPDATE t SET a = 5", "IMMEDIATE", ()),
    ("BEGIN IMMEDIATE", "", ()),
    ("SELECT 2 FROM t", "", ()),
    ("SELECT 3 FROM t", "", ("BEGIN",)),
]


@pytest.mark.parametrize(("sql", "level", "before"), SHARED)
def test_a_shared_cache_is_locked_as_it_really_is(
    sql: str, level: str | None, before: tuple[str, ...]
) -> None:
    uri = f"file:{sql.replace(' ', '_')}{len(before)}?mode=memory&cache=shared"
    arguments: Any = {"uri": True, "isolation_level": level}

    def outcome(connection: sqlite3.Connection) -> list[object]:
        seen: list[object] = [raised_by(lambda: connection.execute(sql)), connection.in_transaction]
        return seen

    def prepare(connection: sqlite3.Connection) -> None:
        connection.execute("SELECT 1 FROM t").fetchall()
        for step in before:
            connection.execute(step)

    with closing(real_connect(uri, uri=True, isolation_level=None)) as keeper:
        keeper.execute("CREATE TABLE t (a)")
        with closing(real_connect(uri, **arguments)) as connection:
            prepare(connection)
            keeper.execute("BEGIN IMMEDIATE")
            keeper.execute("INSERT INTO t VALUES (1)")
            real = outcome(connection)
            keeper.execute("ROLLBACK")
        subject = {"U": "UPDATE t", "B": "BEGIN IMMEDIATE", "S": "SELECT t #2"}[sql[0]]
        with (
            inject(f"locked at main execute {subject}"),
            closing(sqlite3.connect(uri, **arguments)) as connection,
        ):
            prepare(connection)
            emulated = outcome(connection)
            connection.execute(sql)
            connection.rollback()
    assert emulated == real


@contextmanager
def database(path: Path, journal: str) -> Iterator[sqlite3.Connection]:
    with closing(real_connect(path, timeout=0)) as connection:
        connection.execute(f"PRAGMA journal_mode = {journal}").fetchall()
        connection.execute("CREATE TABLE t (a)")
        connection.execute("INSERT INTO t VALUES (1)")
        connection.commit()
        yield connection


def commit(connection: sqlite3.Connection) -> None:
    connection.commit()


def rollback(connection: sqlite3.Connection) -> None:
    connection.rollback()


def close(connection: sqlite3.Connection) -> None:
    connection.close()


def begin_immediate(connection: sqlite3.Connection) -> None:
    connection.execute("BEGIN IMMEDIATE")


def update(connection: sqlite3.Connection) -> None:
    connection.execute("UPDATE t SET a = 2 WHERE rowid = 1")


def nothing(_connection: sqlite3.Connection) -> None:
    pass


_NO_WRITES = failing_system_call(*WRITE_CALLS, error=errno.EIO)
_IMPOSSIBLE: list[tuple[str, str, Recipe, Any, Any]] = [
    ("busy", "wal", held_lock("shared"), update, commit),
    ("busy", "delete", held_lock("shared"), update, rollback),
    ("busy", "delete", held_lock("shared"), update, close),
    ("ioerr-write", "delete", _NO_WRITES, update, rollback),
    ("ioerr-write", "delete", _NO_WRITES, update, close),
    ("ioerr-write", "delete", _NO_WRITES, nothing, begin_immediate),
    ("ioerr-write", "delete", _NO_WRITES, begin_immediate, commit),
    ("ioerr-write", "wal", _NO_WRITES, nothing, update),
    ("ioerr-write", "wal", file_size_limit(), nothing, update),
    ("full", "wal", failing_system_call(*WRITE_CALLS, error=errno.ENOSPC), nothing, update),
    ("full", "delete", page_limit(), nothing, begin_immediate),
    ("readonly", "delete", query_only(), update, commit),
    ("readonly", "delete", query_only(), update, rollback),
    ("nomem", "delete", heap_limit(), update, close),
    ("cantopen", "wal", descriptor_limit(), nothing, update),
    ("cantopen", "delete", descriptor_limit(), update, commit),
]


class Asking:
    """A gate that asks one kind about every call."""

    def __init__(self, kind: FaultKind) -> None:
        self.kind = kind
        self.answer: str | None = None

    def before(self, call: Call) -> FaultKind | None:
        self.answer = self.kind.refusal(call)
        return None

    def after(self, call: Call, error: BaseException | None) -> None:
        pass

    def busy(self, call: Call, waited: int) -> bool:
        return False


@pytest.mark.parametrize(("kind", "journal", "cause", "before", "operation"), _IMPOSSIBLE)
def test_what_is_refused_does_not_happen_for_real(
    kind: str, journal: str, cause: Recipe, before: Any, operation: Any, tmp_path: Path
) -> None:
    with database(tmp_path / "real.db", journal) as connection:
        before(connection)
        cause(connection, lambda: operation(connection))
    with database(tmp_path / "asked.db", journal):
        gate = Asking(KINDS[kind])
        with connections_through(gate), closing(sqlite3.connect(tmp_path / "asked.db")) as asked:
            asked.execute("SELECT 1 FROM t").fetchall()
            before(asked)
            operation(asked)
            refused_when_asked = gate.answer
    assert refused_when_asked


@pytest.mark.parametrize("cause", [file_size_limit(), _NO_WRITES])
def test_different_causes_of_one_kind_look_the_same(cause: Recipe, tmp_path: Path) -> None:
    with database(tmp_path / "x.db", "delete") as connection:
        update(connection)
        assert raised_by(lambda: cause(connection, connection.commit))[2] == 778
        assert not connection.in_transaction


def test_a_page_limit_undoes_what_a_full_disk_undoes(tmp_path: Path) -> None:
    with database(tmp_path / "x.db", "delete") as connection:
        update(connection)
        grow = "INSERT INTO t VALUES (zeroblob(100000))"
        raised = raised_by(lambda: page_limit()(connection, lambda: connection.execute(grow)))
        assert raised[1:] == (("database or disk is full",), sqlite3.SQLITE_FULL)
        assert not connection.in_transaction
