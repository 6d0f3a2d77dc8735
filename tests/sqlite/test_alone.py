"""Where no other connection can stand in the way: shown for real, and then asked of the kinds."""

from __future__ import annotations

import sqlite3
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest

from runfaults.model import Operation
from runfaults.sqlite import KINDS, Call, FaultKind, connections_through, real_connect


@dataclass(frozen=True)
class Program:
    """Statements, the last of which is the one that is asked about."""

    statements: tuple[str, ...]
    suffix: str = ""
    level: Literal["DEFERRED"] | None = "DEFERRED"

    def open(self, path: Path) -> sqlite3.Connection:
        return sqlite3.connect(
            f"file:{path}{self.suffix}", uri=True, isolation_level=self.level, timeout=0
        )

    def perform(self, connection: sqlite3.Connection) -> str:
        """What comes of the last statement."""
        for sql in self.statements[:-1]:
            connection.execute(sql).fetchall()
        try:
            connection.execute(self.statements[-1]).fetchall()
        except sqlite3.OperationalError as error:
            return str(error)
        return "done"


LOADED = "SELECT * FROM t"
TEMPORARY = (LOADED, "CREATE TEMP TABLE notes (a)")
ATTACHED = (LOADED, "ATTACH ':memory:' AS scratch", "CREATE TABLE scratch.notes (a)")
EXCLUSIVE = ("PRAGMA locking_mode = EXCLUSIVE", "UPDATE t SET a = 2", "COMMIT")
BY_BEGIN = "BEGIN IMMEDIATE"

ALONE = {
    "temporary table": Program((*TEMPORARY, "INSERT INTO notes VALUES (1)")),
    "temporary table, by its schema": Program((*TEMPORARY, "UPDATE temp.notes SET a = 1")),
    "temporary table, created by its schema": Program(
        (LOADED, "CREATE TABLE temp.notes (a)", "DELETE FROM notes")
    ),
    "temporary table, read": Program((*TEMPORARY, "SELECT * FROM notes")),
    "temporary table over one of the file": Program(
        (LOADED, "CREATE TEMP TABLE t (a)", "INSERT INTO t VALUES (1)")
    ),
    "temporary table without transactions": Program(
        (*TEMPORARY, "INSERT INTO notes VALUES (1)"), level=None
    ),
    "attached database in memory": Program((*ATTACHED, "INSERT INTO scratch.notes VALUES (1)")),
    "attached database in memory, found by name": Program((*ATTACHED, "UPDATE notes SET a = 1")),
    "commit of a temporary table": Program((*TEMPORARY, "INSERT INTO notes VALUES (1)", "COMMIT")),
    "immutable": Program((LOADED, LOADED), "?immutable=1"),
    "nolock, read": Program((LOADED, LOADED), "?nolock=1"),
    "nolock, write": Program((LOADED, "UPDATE t SET a = 3"), "?nolock=1"),
    "no locks by the VFS": Program((LOADED, LOADED), "?vfs=unix-none"),
}
"""The lock of another connection is there, and the statement is done."""

MET = {
    "table of the file": Program((*TEMPORARY, "INSERT INTO t VALUES (1)")),
    "table of the file, with another attached": Program((*ATTACHED, "INSERT INTO t VALUES (1)")),
    "temporary table that is gone": Program(
        (LOADED, "CREATE TEMP TABLE t (a)", "DROP TABLE temp.t", "INSERT INTO t VALUES (1)")
    ),
    "commit of both": Program(
        (*TEMPORARY, "INSERT INTO notes VALUES (1)", "INSERT INTO t VALUES (1)")
    ),
    "option that is off": Program((LOADED, LOADED), "?nolock=0&immutable=0"),
    "exclusive mode before the first write": Program(
        ("PRAGMA locking_mode = EXCLUSIVE", "UPDATE t SET a = 2")
    ),
}
"""The innocent twins: the lock is met."""


class Asking:
    """A gate that asks a kind about every call."""

    def __init__(self, kind: str) -> None:
        self.kind = KINDS[kind]
        self.answer: str | None = None

    def before(self, call: Call) -> FaultKind | None:
        if call.operation is not Operation.FETCH:
            self.answer = self.kind.refusal(call)
        return None

    def after(self, call: Call, error: BaseException | None) -> None:
        pass

    def busy(self, call: Call, waited: int) -> bool:
        return False


@pytest.fixture
def path(tmp_path: Path) -> Path:
    with closing(real_connect(tmp_path / "x.db")) as connection:
        connection.execute("CREATE TABLE t (a)")
        connection.execute("INSERT INTO t VALUES (1)")
        connection.commit()
    return tmp_path / "x.db"


def under_a_lock(program: Program, path: Path) -> str:
    """What really comes of it while another connection holds the exclusive lock."""
    with closing(program.open(path)) as connection:
        for sql in program.statements[:-1]:
            connection.execute(sql).fetchall()
        with closing(real_connect(path, timeout=0, isolation_level=None)) as holder:
            holder.execute("BEGIN EXCLUSIVE")
            return Program(program.statements[-1:]).perform(connection)


def answer(kind: str, program: Program, path: Path) -> str | None:
    """What the kind says of the last statement."""
    gate = Asking(kind)
    with connections_through(gate), closing(program.open(path)) as connection:
        program.perform(connection)
        asked = gate.answer
        with suppress(sqlite3.Error):
            connection.rollback()
    return asked


@pytest.mark.parametrize("name", ALONE)
def test_no_lock_of_another_is_met_where_busy_is_refused(name: str, path: Path) -> None:
    assert under_a_lock(ALONE[name], path) == "done"
    assert answer("busy", ALONE[name], path)


@pytest.mark.parametrize("name", MET)
def test_a_lock_of_another_is_met_where_busy_can_strike(name: str, path: Path) -> None:
    assert under_a_lock(MET[name], path) == "database is locked"
    assert answer("busy", MET[name], path) is None


@pytest.mark.parametrize("last", [LOADED, "UPDATE t SET a = 3", BY_BEGIN])
def test_a_lock_that_is_kept_keeps_all_others_out(last: str, path: Path) -> None:
    kept = Program((*EXCLUSIVE, last))
    with closing(kept.open(path)) as connection:
        assert kept.perform(connection) == "done"
        connection.commit()
        with closing(real_connect(path, timeout=0)) as other:
            for sql in (LOADED, BY_BEGIN):  # so there is no way to be in its way
                with pytest.raises(sqlite3.OperationalError, match="database is locked"):
                    other.execute(sql)
    assert answer("busy", kept, path)
    given_back = Program((*EXCLUSIVE, "PRAGMA locking_mode = NORMAL", LOADED, last))
    assert answer("busy", given_back, path) is None


@pytest.mark.parametrize("kind", ["ioerr-write", "full", "ioerr-read", "corrupt", "cantopen"])
def test_faults_of_the_file_do_not_strike_beside_it(kind: str, path: Path) -> None:
    assert answer(kind, ALONE["temporary table"], path)
    assert answer(kind, ALONE["attached database in memory"], path)
    assert answer(kind, ALONE["commit of a temporary table"], path)
