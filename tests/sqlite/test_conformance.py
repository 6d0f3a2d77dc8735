"""Each emulated fault leaves what the real one leaves."""

from __future__ import annotations

import sqlite3
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NoReturn

import pytest
from stages import FIRST, LAST, NARROW, STAGES, Stage, holder, update

from runfaults.sqlite import (
    KINDS,
    Call,
    FaultKind,
    FaultyConnection,
    Gate,
    connections_through,
    real_connect,
)
from runfaults.sqlite.errors import sqlite_error
from runfaults.sqlite.real.closing import closed_by_another_thread
from runfaults.sqlite.real.held_lock import held_lock
from runfaults.sqlite.real.progress import interrupt_after
from runfaults.sqlite.real.recipe import Recipe, Unavailable
from runfaults.sqlite.situation import FETCHES_OF_CHANGE, WRITES, Situation, situation_of
from runfaults.sqlite.tabled_kind import TabledKind

AFTERWARDS = ("rollback", "retry", "commit", "close", "look")


class Striking:
    """A gate that strikes every call it can while it is armed."""

    def __init__(self, kind: FaultKind | None) -> None:
        self.kind = kind
        self.armed = False
        self.struck = 0
        self.refusals: list[str] = []
        self.situation: Situation | str = ""

    def strike(self, operation: Callable[[], object]) -> object:
        self.armed = True
        try:
            return operation()
        finally:
            self.armed = False

    def strike_midway(self, operation: Callable[[], object]) -> object:
        with midway(lambda: setattr(self, "armed", True)):
            try:
                return operation()
            finally:
                self.armed = False

    def before(self, call: Call) -> FaultKind | None:
        if not self.armed or self.kind is None:
            return None
        reason = self.kind.refusal(call)
        if reason is not None:
            self.refusals.append(reason)
            return None
        self.struck += 1
        self.situation = self.situation or situation_of(call)
        return self.kind

    def after(self, call: Call, error: BaseException | None) -> None:
        pass

    def busy(self, call: Call, waited: int) -> bool:
        return False


@contextmanager
def midway(happens: Callable[[], object]) -> Iterator[None]:
    """What happens before the second of several rows."""
    holder.midway = happens
    try:
        yield
    finally:
        holder.midway = None


def made_midway(
    recipe: Recipe, connection: sqlite3.Connection, operation: Callable[[], object]
) -> object:
    """Perform the operation; its cause is made before the second row, and stays to the end."""
    made, ended = threading.Event(), threading.Event()
    refused: list[BaseException] = []

    def there() -> None:
        made.set()
        ended.wait()

    def keep() -> None:
        try:
            recipe(connection, there)
        except BaseException as error:  # noqa: BLE001  # the other thread raises it
            refused.append(error)
            made.set()

    keeper = threading.Thread(target=keep)

    def make() -> None:
        keeper.start()
        made.wait()
        if refused:
            raise refused.pop()

    with midway(make):
        try:
            return operation()
        finally:
            ended.set()
            if keeper.ident is not None:
                keeper.join()


def outcome(operation: Callable[[], object]) -> str:
    try:
        operation()
    except Unavailable:
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is, it is what we compare
        code = getattr(error, "sqlite_errorcode", None)
        return f"{type(error).__name__}({error}) {code} {getattr(error, 'sqlite_errorname', None)}"
    return "ok"


def rows(connection: sqlite3.Connection) -> str:
    found = connection.execute("SELECT id, substr(s, 1, 3) FROM t ORDER BY id").fetchall()
    tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    return str([row for row in found if row[1] != "old"]) + str(len(found)) + str(tables)


def locks(path: Path, journal: str) -> dict[str, str]:
    """What another connection can do."""
    with closing(real_connect(path, timeout=0, isolation_level=None)) as other:
        seen = {
            "read": outcome(lambda: other.execute("SELECT 1 FROM t").fetchall()),
            "write": outcome(lambda: other.execute("BEGIN IMMEDIATE")),
        }
        outcome(lambda: other.execute("ROLLBACK"))
        if journal == "wal":
            seen["checkpoint"] = outcome(
                lambda: seen.update(
                    busy=str(other.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0])
                )
            )
        else:
            seen["exclude"] = outcome(lambda: other.execute("BEGIN EXCLUSIVE"))
            outcome(lambda: other.execute("ROLLBACK"))
        return seen


def in_transaction(connection: sqlite3.Connection) -> object:
    try:
        return connection.in_transaction
    except sqlite3.ProgrammingError:
        return "closed"


def make_database(path: Path, journal: str) -> sqlite3.Connection:
    """A database of several pages; the connection returned keeps a write-ahead log in use."""
    keeper = real_connect(path, isolation_level=None)
    keeper.execute(f"PRAGMA journal_mode = {journal}").fetchall()
    keeper.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, s TEXT NOT NULL)")
    keeper.execute("BEGIN")
    keeper.executemany("INSERT INTO t (s) VALUES (?)", [("old" * 100,)] * LAST)
    keeper.execute("COMMIT")
    keeper.execute("PRAGMA user_version = 1")
    return keeper


@contextmanager
def performed(
    path: Path, journal: str, stage: Stage, gate: Gate | None
) -> Iterator[sqlite3.Connection]:
    """A connection brought into the situation; plain, or watched by a gate."""
    keeper = make_database(path, journal)
    with closing(keeper):
        arguments = stage.arguments
        if gate is None:
            connection = real_connect(path, timeout=0, **arguments)
        else:
            with connections_through(gate):
                connection = sqlite3.connect(path, timeout=0, **arguments)
            # The block is left so that nothing else is watched; this connection stays so.
            assert isinstance(connection, FaultyConnection)
            connection.gate = gate
        if not stage.fresh:
            connection.execute("SELECT 1 FROM t WHERE id = 1").fetchall()
            connection.rollback()
            # What it has in its cache is out of date: it must read again.
            keeper.execute("PRAGMA user_version = 2")
        elif journal == "wal":
            # The header is to be read from the database file, not from the log.
            keeper.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        if stage.alone:
            keeper.close()
        stage.setup(connection)
        if stage.stale:
            keeper.execute("PRAGMA user_version = 3")
        try:
            yield connection
        finally:
            holder.__dict__.clear()
            outcome(connection.close)


def fingerprint(
    path: Path,
    journal: str,
    stage: Stage,
    connection: sqlite3.Connection,
    afterwards: str,
    strike: Callable[[Callable[[], object]], object],
) -> dict[str, object]:
    def perform() -> object:
        return stage.act(connection)

    seen: dict[str, object] = {"before": in_transaction(connection)}
    seen["error"] = outcome(lambda: strike(perform))
    seen["after"] = in_transaction(connection)
    seen["locks"] = locks(path, journal)
    match afterwards:
        case "rollback":
            seen["rollback"] = outcome(connection.rollback)
        case "retry":
            seen["retry"] = outcome(perform)
            seen["after retry"] = in_transaction(connection)
            seen["commit"] = outcome(connection.commit)
        case "commit":
            seen["commit"] = outcome(connection.commit)
        case "close":
            seen["close"] = outcome(connection.close)
        case "look":
            seen["look"] = outcome(lambda: seen.update(view=rows(connection)))
            seen["locks after looking"] = locks(path, journal)
    seen["later"] = in_transaction(connection)
    seen["locks later"] = locks(path, journal)
    outcome(connection.rollback)
    seen["next"] = outcome(lambda: update(FIRST + 1)(connection)) + outcome(connection.commit)
    outcome(connection.close)
    with closing(real_connect(path, timeout=0)) as reader:
        seen["disk"] = rows(reader)
    return seen


def recipe_for(
    kind: str, situation: Situation | str, stage: Stage, journal: str, folder: Path
) -> Recipe:
    if not isinstance(situation, Situation):
        situation = Situation.READ
    if kind == "lost-acknowledgement" and situation in WRITES | FETCHES_OF_CHANGE:
        return interrupt_after(last_step(stage, journal, folder))
    known = KINDS[kind]
    return known.cause(situation) if isinstance(known, TabledKind) else closed_by_another_thread()


def last_step(stage: Stage, journal: str, folder: Path) -> int:
    """The largest number of steps of SQLite's virtual machine at which an interrupt still hits."""
    for steps in range(60, 0, -1):
        with performed(folder / f"steps-{steps}.db", journal, stage, None) as connection:
            act = partial(stage.act, connection)
            if outcome(partial(interrupt_after(steps), connection, act)) != "ok":
                return steps
    raise AssertionError("no interrupt hits this operation")


CASES = [
    pytest.param(kind, stage, journal, id=f"{kind}-{stage}-{journal}".replace(" ", "_"))
    for kind in KINDS
    for stage in STAGES
    for journal in ("delete", "wal")
    if kind != "locked"
] + [
    pytest.param(kind, stage, journal, id=f"{kind}-{stage}-{journal}".replace(" ", "_"))
    for stage, (_, kinds) in NARROW.items()
    for kind in kinds
    for journal in ("delete", "wal")
]


@pytest.fixture
def folder() -> Iterator[Path]:
    """In memory where the machine has such a place: the tests are about locks, not about disks."""
    memory = Path("/dev/shm")
    with TemporaryDirectory(dir=memory if memory.is_dir() else None) as name:
        yield Path(name)


REFUSED_THOUGH_REAL = {
    "what a full disk undoes of a statement that may change several rows": (
        "some constraints let SQLite keep the transaction, others do not: either could be wrong"
    ),
    "what an assignment leaves that keeps its transaction": (
        "the assignment would have to be made without its COMMIT, which CPython does not allow"
    ),
    "a connection that reads the schema reports": (
        "of a schema of several pages it does, of one that BEGIN IMMEDIATE has read it does not"
    ),
    "the statement is compiled already": (
        "how far SQLite gets without memory depends on what its allocator holds"
    ),
    "a statement of several rows is undone": "interrupt strikes there, and leaves the same",
    "a read has no effect": "interrupt strikes there, and leaves the same",
    "a COMMIT that cannot read": "ioerr-write strikes there, and leaves the same",
    "a transaction is open: BEGIN fails": "it fails either way, and leaves the same",
    "the transaction holds no write lock": "there is nothing that COMMIT could lose or keep",
    "RELEASE does not touch": "there is nothing that RELEASE could lose or keep",
    "what it leaves of a change of the schema": "not measured, so not claimed",
    "lost-acknowledgement was never seen at close": "interrupt strikes there, and leaves the same",
    "COMMIT reads no page": "ioerr-write strikes there, and leaves the same but for its name",
}
"""Reasons, by how they begin, for which the cause strikes all the same; and why that is right."""


def causes(kind: str) -> list[Recipe]:
    if kind == "busy":
        return [held_lock(level) for level in ("shared", "reserved", "exclusive", "alone")]
    known = KINDS[kind]
    tabled = isinstance(known, TabledKind)
    return [known.cause(Situation.READ) if tabled else closed_by_another_thread()]


def refused_rightly(kind: str, reason: str, stage: Stage, journal: str, folder: Path) -> None:
    """Make the cause for real: it cannot be had there, or the operation does not fail by it."""
    accepted = [why for words, why in REFUSED_THOUGH_REAL.items() if reason.startswith(words)]
    emulation = KINDS[kind]
    tabled = isinstance(emulation, TabledKind)
    expected = emulation.error() if tabled else sqlite3.ProgrammingError()
    for number, cause in enumerate(causes(kind)):
        act = Act(stage)
        with performed(folder / f"real-{number}.db", journal, stage, None) as connection:
            try:
                made = partial(made_midway, cause) if stage.midway else cause
                ended = outcome(partial(made, connection, partial(act, connection)))
            except Unavailable as why:
                ended = str(why)
        if not act.performed:
            cannot_be_had = ("database is locked", "has the write-ahead log", "BlockingIOError")
            assert any(words in ended for words in cannot_be_had), ended
        strikes = bool(act.error) and looks_like(act.error[0], expected)
        if strikes and accepted:
            pytest.skip(f"{reason}: {accepted[0]}")
        assert not strikes, reason


class Act:
    """The operation of a stage, and what it raised itself: causes may fail too."""

    def __init__(self, stage: Stage) -> None:
        self._act = stage.act
        self.performed = False
        self.error: list[Exception] = []

    def __call__(self, connection: sqlite3.Connection) -> None:
        self.performed = True
        try:
            self._act(connection)
        except (sqlite3.Error, MemoryError) as error:
            self.error.append(error.with_traceback(None))


def looks_like(seen: Exception, expected: Exception) -> bool:
    code = "sqlite_errorcode"
    return type(seen) is type(expected) and getattr(seen, code, 0) == getattr(expected, code, 0)


@pytest.mark.parametrize(
    ("kind", "stage", "journal"),
    [
        ("busy", "first update", "delete"),
        ("busy-recovery", "select, fresh", "wal"),
        ("closed", "commit", "delete"),
        ("ioerr-write", "commit", "wal"),
        ("nomem", "commit", "delete"),
        ("notadb", "select after begin", "delete"),
    ],
)
def test_a_wrong_refusal_is_found_out(kind: str, stage: str, journal: str, folder: Path) -> None:
    with pytest.raises(AssertionError, match="for no reason"):
        refused_rightly(kind, "for no reason", STAGES[stage], journal, folder)


def differences(
    emulation: FaultKind, kind: str, stage: Stage, journal: str, folder: Path
) -> dict[str, str]:
    """Where the emulation and the real fault differ; nowhere if it is refused, and rightly so."""
    folder.mkdir(exist_ok=True)
    recipe: Recipe | None = None
    found: dict[str, str] = {}
    for afterwards in AFTERWARDS:
        gate = Striking(emulation)
        path = folder / f"emulated-{afterwards}.db"
        with performed(path, journal, stage, gate) as connection:
            arm = gate.strike_midway if stage.midway else gate.strike
            emulated = fingerprint(path, journal, stage, connection, afterwards, arm)
        if not gate.struck:
            refused_rightly(kind, gate.refusals[0], stage, journal, folder)
            return {}
        try:
            recipe = recipe or recipe_for(kind, gate.situation, stage, journal, folder)
            path = folder / f"real-{afterwards}.db"
            with performed(path, journal, stage, None) as connection:
                made = partial(made_midway, recipe) if stage.midway else recipe
                strike = partial(made, connection)
                real = fingerprint(path, journal, stage, connection, afterwards, strike)
        except Unavailable as reason:
            pytest.skip(str(reason))
        found |= {
            f"{afterwards}: {name}": f"real {real.get(name)}, emulated {emulated.get(name)}"
            for name in real.keys() | emulated.keys()
            if real.get(name) != emulated.get(name)
        }
    return found


class Asking:
    """A gate that asks every kind about the calls while it is armed."""

    def __init__(self) -> None:
        self.armed = False
        self.possible: set[tuple[str, Situation]] = set()

    def before(self, call: Call) -> FaultKind | None:
        situation = situation_of(call)
        if self.armed and isinstance(situation, Situation):
            able = [kind.name for kind in KINDS.values() if kind.refusal(call) is None]
            self.possible |= {(name, situation) for name in able}
        return None

    def after(self, call: Call, error: BaseException | None) -> None:
        pass

    def busy(self, call: Call, waited: int) -> bool:
        return False


def test_every_cell_of_the_kinds_tables_is_compared(folder: Path) -> None:
    possible: set[tuple[str, Situation]] = set()
    for journal in ("delete", "wal"):
        narrow = [stage for stage, _ in NARROW.values()]
        for number, stage in enumerate([*STAGES.values(), *narrow]):
            gate = Asking()
            with performed(folder / f"{journal}{number}.db", journal, stage, gate) as connection:
                gate.armed = True
                outcome(partial(stage.act, connection))
                gate.armed = False
            possible |= gate.possible
    cells = {
        (kind.name, situation)
        for kind in KINDS.values()
        if isinstance(kind, TabledKind) and kind.name != "locked"
        for situation in kind.effects
        if situation is not Situation.CONNECT
        and (situation is not Situation.CLOSE or sys.version_info >= (3, 12))
    }
    assert {str(cell) for cell in cells - possible} == set()


class Naive:
    """A kind that only raises: what most fault injectors do."""

    name = "naive"
    summary = "nothing but the error"

    def __init__(self, model: FaultKind, error: sqlite3.Error) -> None:
        self._model = model
        self._error = error

    def refusal(self, call: Call) -> str | None:
        return self._model.refusal(call)

    def waits(self, call: Call) -> bool:
        return self._model.waits(call)

    def strike(self, call: Call) -> NoReturn:
        raise self._error

    def real(self, call: Call) -> Recipe:
        return self._model.real(call)


@pytest.mark.parametrize(
    ("kind", "code", "stage"),
    [
        ("busy", sqlite3.SQLITE_BUSY, "first update"),
        ("busy", sqlite3.SQLITE_BUSY, "commit"),
        ("ioerr-write", sqlite3.SQLITE_IOERR_WRITE, "later update"),
        ("ioerr-write", sqlite3.SQLITE_IOERR_WRITE, "commit"),
        ("cantopen", sqlite3.SQLITE_CANTOPEN, "first update"),
        ("lost-acknowledgement", sqlite3.SQLITE_INTERRUPT, "commit"),
    ],
)
def test_a_naive_emulation_is_found_out(kind: str, code: int, stage: str, folder: Path) -> None:
    naive = Naive(KINDS[kind], sqlite_error(code))
    assert differences(naive, kind, STAGES[stage], "delete", folder)
    assert not differences(KINDS[kind], kind, STAGES[stage], "delete", folder / "twin")


@pytest.mark.parametrize(("kind", "stage", "journal"), CASES)
def test_the_emulated_fault_leaves_what_the_real_one_leaves(
    kind: str, stage: str, journal: str, folder: Path
) -> None:
    performed_at = STAGES[stage] if stage in STAGES else NARROW[stage][0]
    found = differences(KINDS[kind], kind, performed_at, journal, folder)
    assert not found
