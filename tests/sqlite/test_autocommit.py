"""`autocommit` of `sqlite3.connect`, which Python has since 3.12."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from runfaults.sqlite import Call, FaultKind, connections_through, inject, real_connect

if sys.version_info < (3, 12):
    pytest.skip("sqlite3.connect has no autocommit before Python 3.12", allow_module_level=True)

LEGACY = sqlite3.LEGACY_TRANSACTION_CONTROL  # type: ignore[attr-defined]  # since Python 3.12


class Listening:
    """A gate that strikes nothing and keeps the operations."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def before(self, call: Call) -> FaultKind | None:
        self.heard.append(f"{call.operation} {call.statement.subject}".rstrip())
        return None

    def after(self, call: Call, error: BaseException | None) -> None:
        pass

    def busy(self, call: Call, waited: int) -> bool:
        return False


def make(path: Path) -> None:
    with closing(real_connect(path)) as connection:
        connection.execute("CREATE TABLE t (a)")
        connection.commit()


def connect(path: Path, mode: object) -> sqlite3.Connection:
    arguments: dict[str, Any] = {"autocommit": mode, "timeout": 0}
    return sqlite3.connect(path, **arguments)


def leave(connection: sqlite3.Connection, *, by_error: bool = False) -> None:
    with connection:
        connection.execute("INSERT INTO t VALUES (9)")
        if by_error:
            raise KeyError


PROGRAM: tuple[Callable[[sqlite3.Connection], object], ...] = (
    lambda c: c.execute("INSERT INTO t VALUES (1)"),
    lambda c: c.commit(),
    lambda c: c.commit(),
    lambda c: c.execute("INSERT INTO t VALUES (2)"),
    lambda c: c.rollback(),
    lambda c: c.executescript("INSERT INTO t VALUES (3); INSERT INTO t VALUES (4);"),
    lambda c: c.execute("COMMIT"),
    lambda c: c.commit(),
    lambda c: c.rollback(),
    lambda c: c.execute("INSERT INTO t VALUES (5)"),
    lambda c: c.execute("BEGIN"),
    lambda c: c.execute("INSERT INTO t VALUES (6)"),
    leave,
    lambda c: leave(c, by_error=True),
    lambda c: c.execute("SAVEPOINT s"),
    lambda c: c.execute("INSERT INTO t VALUES (7)"),
    lambda c: c.execute("RELEASE s"),
    lambda c: setattr(c, "isolation_level", None),
    lambda c: c.execute("INSERT INTO t VALUES (8)"),
    lambda c: setattr(c, "autocommit", True),
    lambda c: c.execute("BEGIN"),
    lambda c: c.execute("INSERT INTO t VALUES (10)"),
    lambda c: setattr(c, "isolation_level", None),
    lambda c: c.commit(),
    lambda c: setattr(c, "autocommit", True),
    lambda c: setattr(c, "autocommit", False),
    lambda c: c.execute("INSERT INTO t VALUES (11)"),
    lambda c: setattr(c, "autocommit", LEGACY),
    lambda c: c.commit(),
    lambda c: setattr(c, "autocommit", False),
    lambda c: c.execute("INSERT INTO t VALUES (12)"),
    lambda c: c.close(),
    lambda c: c.commit(),
)


def performed(path: Path, mode: object) -> list[object]:
    make(path)
    seen: list[object] = []
    connection = connect(path, mode)
    for step in PROGRAM:
        try:
            step(connection)
            error = ""
        except (sqlite3.Error, KeyError) as raised:
            error = f"{type(raised).__name__}: {raised} during {raised.__context__!r}"
        with closing(real_connect(path, timeout=0)) as other:
            rows = other.execute("SELECT a FROM t").fetchall()
        try:
            seen.append((error, connection.in_transaction, rows))
        except sqlite3.ProgrammingError:
            seen.append((error, "closed", rows))
    connection.close()
    return seen


@pytest.mark.parametrize("mode", [True, False, LEGACY])
def test_a_watched_connection_does_what_a_plain_one_does(mode: object, tmp_path: Path) -> None:
    plain = performed(tmp_path / "plain.db", mode)
    gate = Listening()
    with connections_through(gate):
        watched = performed(tmp_path / "watched.db", mode)
    assert watched == plain
    assert gate.heard.count("commit") >= 5


def test_a_fault_after_a_commit_meets_a_transaction_without_a_lock(tmp_path: Path) -> None:
    make(tmp_path / "x.db")
    fault = "busy at main execute INSERT t #2"
    with inject(fault), closing(connect(tmp_path / "x.db", mode=False)) as connection:
        connection.execute("INSERT INTO t VALUES (1)")
        connection.commit()
        with pytest.raises(sqlite3.OperationalError, match="database is locked"):
            connection.execute("INSERT INTO t VALUES (2)")
        connection.execute("INSERT INTO t VALUES (3)")


def test_a_lost_acknowledgement_leaves_no_transaction_behind(tmp_path: Path) -> None:
    make(tmp_path / "x.db")
    with (
        inject("lost-acknowledgement at main commit"),
        closing(connect(tmp_path / "x.db", mode=False)) as connection,
    ):
        connection.execute("INSERT INTO t VALUES (1)")
        with pytest.raises(sqlite3.OperationalError, match="interrupted"):
            connection.commit()
        assert not connection.in_transaction
        with pytest.raises(sqlite3.OperationalError, match="no transaction is active"):
            connection.commit()
        assert connection.execute("SELECT a FROM t").fetchall() == [(1,)]


def test_an_interrupt_at_close_is_passed_on_and_the_connection_is_closed(tmp_path: Path) -> None:
    make(tmp_path / "x.db")
    with inject("interrupt at main close"):
        connection = connect(tmp_path / "x.db", mode=False)
        connection.execute("INSERT INTO t VALUES (1)")
        with pytest.raises(sqlite3.OperationalError, match="interrupted"):
            connection.close()
        with pytest.raises(sqlite3.ProgrammingError, match="closed"):
            connection.commit()
    with closing(real_connect(tmp_path / "x.db")) as other:
        assert other.execute("SELECT a FROM t").fetchall() == []


@pytest.mark.parametrize("kind", ["busy", "interrupt", "lost-acknowledgement", "full"])
def test_nothing_strikes_a_commit_that_does_nothing(kind: str, tmp_path: Path) -> None:
    make(tmp_path / "x.db")
    with (
        inject(f"{kind} at main commit", must_strike=False) as plan,
        closing(connect(tmp_path / "x.db", mode=True)) as connection,
    ):
        connection.execute("BEGIN")
        connection.execute("INSERT INTO t VALUES (1)")
        connection.commit()
        assert connection.in_transaction
    assert [reason for _, reason in plan.refused] == ["with autocommit=True commit() does nothing"]
