"""Operations that share nothing, as the harness says, come to the same in either order, really.

Two connections, each brought into a state, perform one operation each, in both orders. What they
answer, what they and others find afterwards, and how their transactions end may differ only where
one of them changes what the other uses.
"""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, NamedTuple, cast

import pytest

from runfaults.sim.actor import Turns
from runfaults.sim.sharing import changes, touch_all, touch_used
from runfaults.sqlite import Call, FaultKind, connections_through
from runfaults.sqlite.engine import real_connect

_Touched = set[tuple[object, bool]]

STATES = {
    "idle": (),
    "begun": ("BEGIN",),
    "has read": ("BEGIN", "SELECT * FROM t"),
    "reads": ("half of SELECT * FROM t",),
    "has the lock": ("BEGIN IMMEDIATE",),
    "has written": ("BEGIN IMMEDIATE", "INSERT INTO t VALUES (7)"),
    "could not commit": ("BEGIN IMMEDIATE", "INSERT INTO t VALUES (8)", "COMMIT"),
    "attached": (
        "ATTACH ':memory:' AS m",
        "CREATE TABLE m.t2 (a)",
        "BEGIN",
        "INSERT INTO t2 VALUES (1)",
    ),
    "exclusive": ("PRAGMA locking_mode = EXCLUSIVE", "SELECT * FROM t"),
}

OPERATIONS = (
    "SELECT * FROM t",
    "half of SELECT * FROM t",
    "INSERT INTO t VALUES (9)",
    "INSERT OR ROLLBACK INTO t VALUES (1)",
    "UPDATE t SET a = a + 10",
    "DELETE FROM t WHERE a = 2 RETURNING a",
    "BEGIN",
    "BEGIN IMMEDIATE",
    "BEGIN EXCLUSIVE",
    "SAVEPOINT s",
    "CREATE TABLE u (a)",
    "COMMIT",
    "ROLLBACK",
    "close",
)


class Touches:
    """A gate that lets everything pass, and writes down what is touched."""

    def __init__(self) -> None:
        self.touched: _Touched = set()
        self.name = ""

    def touch(self, thing: object, *, change: bool) -> None:
        self.touched.add((thing, change))

    def before(self, call: Call) -> FaultKind | None:
        touch_used(cast("Turns", self), call, self.name, change=changes(call))
        return None

    def after(self, call: Call, error: BaseException | None) -> None:
        if error is not None:
            touch_all(cast("Turns", self))

    def busy(self, call: Call, waited: int) -> bool:
        return False


class Outcome(NamedTuple):
    answers: dict[str, Any]
    found: list[Any]


@pytest.fixture(scope="module")
def gate() -> Iterator[Touches]:
    touches = Touches()
    with connections_through(touches):
        yield touches


@pytest.fixture(params=["delete", "wal"])
def image(request: pytest.FixtureRequest, tmp_path: Path) -> bytes:
    path = tmp_path / "image.db"
    with closing(real_connect(path)) as connection:
        connection.execute(f"PRAGMA journal_mode = {request.param}").fetchone()
        connection.executescript("CREATE TABLE t (a PRIMARY KEY); INSERT INTO t VALUES (1), (2);")
    return path.read_bytes()


def perform(connection: sqlite3.Connection, operation: str, kept: list[object]) -> Any:
    try:
        if operation == "close":
            return connection.close()
        cursor = connection.execute(operation.removeprefix("half of "))
        kept.append(cursor)
        if operation.startswith("half"):
            return cursor.fetchone()
        return cursor.fetchall() if "RETURNING" in operation or "SELECT" in operation else None
    except sqlite3.Error as error:
        return f"{type(error).__name__}: {error}"


def outcome(
    gate: Touches,
    path: Path,
    image: bytes,
    states: tuple[str, str],
    order: Iterable[tuple[str, str]],
) -> tuple[Outcome, dict[str, _Touched]]:
    """What two connections come to, and what each operation touched."""
    for beside in ("-wal", "-shm", "-journal"):
        path.with_name(path.name + beside).unlink(missing_ok=True)
    path.write_bytes(image)
    kept: list[object] = []
    opened: dict[str, sqlite3.Connection] = {}
    touched: dict[str, _Touched] = {}
    answers: dict[str, Any] = {}
    for name, state in zip("BA", states[::-1], strict=True):  # a reader is there before a writer
        gate.name = name
        opened[name] = sqlite3.connect(path, timeout=0, isolation_level=None)
        for operation in STATES[state]:
            perform(opened[name], operation, kept)
    for name, operation in order:
        gate.touched, gate.name = set(), name
        answers[name] = perform(opened[name], operation, kept)
        touched[name] = set(gate.touched)
    found: list[Any] = []  # by others, and when the transactions end
    with closing(real_connect(path, timeout=0, isolation_level=None)) as other:
        looks = ("SELECT * FROM t ORDER BY a", "BEGIN IMMEDIATE", "ROLLBACK")
        found += (perform(other, each, []) for each in looks)
    for name, connection in opened.items():
        with suppress(sqlite3.ProgrammingError):
            found += (name, connection.in_transaction)
            found.append(perform(connection, "COMMIT", []))
    kept.clear()
    for connection in opened.values():
        connection.close()
    with closing(real_connect(path)) as other:
        found.append(perform(other, "SELECT * FROM t ORDER BY a", []))
    return Outcome(answers, found), touched


def conflict(touched: dict[str, _Touched]) -> bool:
    """Whether one of them changed what the other used."""
    return any(
        thing == used and (change or changed)
        for (thing, change), (used, changed) in itertools.product(touched["A"], touched["B"])
    )


@pytest.mark.parametrize(
    "other",
    [
        "idle",
        *(
            pytest.param(each, marks=pytest.mark.nightly)
            for each in ("begun", "has read", "reads", "has the lock", "has written")
        ),
    ],
)
@pytest.mark.parametrize("state", STATES)
def test_what_shares_nothing_comes_to_the_same_in_either_order(
    gate: Touches, tmp_path: Path, image: bytes, state: str, other: str
) -> None:
    path = tmp_path / "runs.db"
    apart = 0
    for mine, its in itertools.product(OPERATIONS, repeat=2):
        order = (("A", mine), ("B", its))
        one, touched_first = outcome(gate, path, image, (state, other), order)
        another, touched_last = outcome(gate, path, image, (state, other), order[::-1])
        # Either order may be the only one that is run, where it shows no conflict.
        if not (conflict(touched_first) and conflict(touched_last)):
            apart += 1
            assert one == another, (state, mine, other, its)
    assert apart > 0 or other != "idle"
