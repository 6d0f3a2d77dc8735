"""Only what an operation itself does gets out of a cause, whatever the connection is."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import NoReturn

import pytest

from runfaults.sqlite.gate import Call, FaultKind
from runfaults.sqlite.hook import connections_through
from runfaults.sqlite.real.heap_limit import heap_limit
from runfaults.sqlite.real.held_by_process import OtherProcess
from runfaults.sqlite.real.held_lock import held_lock, overtaking_commit
from runfaults.sqlite.real.lasting import LastingCause
from runfaults.sqlite.real.moved_file import moved_away, replaced_by_copy
from runfaults.sqlite.real.overwritten import overwritten_header
from runfaults.sqlite.real.page_limit import page_limit
from runfaults.sqlite.real.progress import interrupt_after
from runfaults.sqlite.real.query_only import query_only
from runfaults.sqlite.real.recipe import Recipe, Unavailable, under
from runfaults.sqlite.real.resource_limit import descriptor_limit, file_size_limit
from runfaults.sqlite.real.seccomp import failing_sync
from runfaults.sqlite.real.system_call import READ_CALLS, failing_system_call, short_write
from runfaults.sqlite.real.wal_recovery import recovery_by_another

RECIPES: dict[str, Callable[[Path], Recipe]] = {
    "descriptor limit": lambda _: descriptor_limit(),
    "file size limit": lambda _: file_size_limit(),
    "heap limit": lambda _: heap_limit(),
    "lock of this process": lambda _: held_lock("exclusive"),
    "overtaking commit": lambda _: overtaking_commit(),
    "moved away": moved_away,
    "replaced by a copy": replaced_by_copy,
    "overwritten header": lambda _: overwritten_header(),
    "page limit": lambda _: page_limit(),
    "progress handler": lambda _: interrupt_after(1),
    "query only": lambda _: query_only(),
    "failing sync": lambda _: failing_sync(),
    "failing read": lambda _: failing_system_call(*READ_CALLS, error=5),
    "short write": lambda _: short_write(),
    "recovery": lambda _: recovery_by_another(),
}

INSERT = "INSERT INTO t VALUES ('x')"


def fresh(connection: sqlite3.Connection) -> None:
    """The connection has done nothing yet."""
    del connection


def warm(connection: sqlite3.Connection) -> None:
    connection.execute("SELECT * FROM t").fetchall()


def begun(connection: sqlite3.Connection) -> None:
    connection.execute("BEGIN")


def writing(connection: sqlite3.Connection) -> None:
    connection.execute("BEGIN IMMEDIATE")
    connection.execute(INSERT)


def locked_out(connection: sqlite3.Connection) -> None:
    """Another connection keeps readers out."""
    warm(connection)
    (path,) = [file for _, name, file in connection.execute("PRAGMA database_list") if name]
    other = sqlite3.connect(path, timeout=0, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    kept.append(other)


kept: list[sqlite3.Connection] = []

STATES = [fresh, warm, begun, writing, locked_out]

OPERATIONS: dict[str, Callable[[sqlite3.Connection], object]] = {
    "read": lambda connection: connection.execute("SELECT * FROM t").fetchall(),
    "write": lambda connection: connection.execute(INSERT).fetchall(),
    "commit": lambda connection: connection.commit(),
    "rollback": lambda connection: connection.rollback(),
    "close": lambda connection: connection.close(),
    "nonsense": lambda connection: connection.execute("NONSENSE"),
}


@pytest.fixture(params=["delete", "wal"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "x.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as keeper:
        keeper.execute(f"PRAGMA journal_mode = {request.param}").fetchall()
        keeper.execute("CREATE TABLE t (s)")
        yield path
        while kept:
            kept.pop().close()


class Own:
    """What the operation itself did."""

    def __init__(self, operation: Callable[[], object]) -> None:
        self._operation = operation
        self.ended: list[object] = []

    def __call__(self) -> object:
        try:
            result = self._operation()
        except Exception as error:
            self.ended.append(repr(error))
            raise
        self.ended.append(result)
        return result


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("state", STATES, ids=lambda state: state.__name__)
@pytest.mark.parametrize("cause", RECIPES)
def test_only_the_operations_own_doing_gets_out(
    cause: str, state: Callable[[sqlite3.Connection], None], operation: str, database: Path
) -> None:
    connection = sqlite3.connect(database, timeout=0, isolation_level=None)
    state(connection)
    own = Own(lambda: OPERATIONS[operation](connection))
    untold: list[str] = []
    try:
        seen: object = under(RECIPES[cause](database), connection, own, untold.append)
    except Unavailable:
        seen = None
        assert not own.ended
    except (sqlite3.Error, MemoryError) as error:
        seen = repr(error)
    assert own.ended in ([seen], [])
    assert "ProgrammingError" not in str(seen)
    assert not untold or state is locked_out
    while kept:
        kept.pop().close()
    connection.close()
    with closing(sqlite3.connect(database, timeout=0, isolation_level=None)) as afterwards:
        afterwards.execute(INSERT)


def test_a_cause_that_cannot_be_made_performs_nothing() -> None:
    def recipe(connection: sqlite3.Connection, operation: Callable[[], object]) -> NoReturn:
        del operation
        connection.execute("NONSENSE")
        raise AssertionError

    performed: list[str] = []
    with (
        closing(sqlite3.connect(":memory:")) as connection,
        pytest.raises(Unavailable, match="could not be made: OperationalError"),
    ):
        under(recipe, connection, lambda: performed.append("it"), print)
    assert not performed


@pytest.mark.parametrize("fails", [True, False])
def test_what_ends_a_cause_is_not_what_the_operation_did(*, fails: bool) -> None:
    def recipe(connection: sqlite3.Connection, operation: Callable[[], object]) -> object:
        try:
            return operation()
        finally:
            connection.execute("SELECT 1")

    def operation() -> str:
        connection.close()
        if fails:
            raise sqlite3.OperationalError("its own")
        return "closed"

    told: list[str] = []
    connection = sqlite3.connect(":memory:")
    if fails:
        with pytest.raises(sqlite3.OperationalError, match="its own"):
            under(recipe, connection, operation, told.append)
    else:
        assert under(recipe, connection, operation, told.append) == "closed"
    assert told == [
        "the cause could not be ended: ProgrammingError('Cannot operate on a closed database.')"
    ]


def test_a_connection_for_one_thread_fails_in_the_engine_and_stays_for_one_thread(
    database: Path,
) -> None:
    connection = sqlite3.connect(database, timeout=0)
    connection.execute(INSERT)
    with pytest.raises(sqlite3.OperationalError) as caught:
        under(failing_sync(), connection, connection.commit, print)
    assert caught.value.sqlite_errorname == "SQLITE_IOERR_FSYNC"
    connection.execute(INSERT)
    connection.commit()
    refused: list[str] = []

    def elsewhere() -> None:
        try:
            connection.commit()
        except sqlite3.ProgrammingError as error:
            refused.append(str(error))

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert f"created in thread id {threading.get_ident()} and" in refused[0]
    connection.close()


class Nothing:
    """A gate at which nothing strikes."""

    def before(self, call: Call) -> FaultKind | None:
        del call
        return None

    def after(self, call: Call, error: BaseException | None) -> None:
        pass

    def busy(self, call: Call, waited: int) -> bool:
        del call, waited
        return False


def test_a_programs_own_settings_are_there_again(database: Path) -> None:
    with connections_through(Nothing()):
        connection = sqlite3.connect(database, timeout=0)
        play_with_own_settings(connection)


def play_with_own_settings(connection: sqlite3.Connection) -> None:
    asked: list[str] = []
    connection.set_progress_handler(lambda: asked.append("again"), n=1)
    connection.execute("PRAGMA query_only = 1")
    with pytest.raises(sqlite3.OperationalError, match="interrupted"):
        under(interrupt_after(1), connection, lambda: connection.execute("SELECT 1"), print)
    under(query_only(), connection, lambda: None, print)
    asked.clear()
    connection.execute("SELECT 1").fetchall()
    assert asked
    assert connection.execute("PRAGMA query_only").fetchall() == [(1,)]
    connection.close()


class Armed(Nothing):
    """A gate at which a cause is there during the next operation."""

    def __init__(self) -> None:
        self.recipe: Recipe | None = None

    def before(self, call: Call) -> FaultKind | None:
        del call
        recipe, self.recipe = self.recipe, None
        return None if recipe is None else Made(recipe)


class Made(LastingCause):
    """A cause that is made."""

    def __init__(self, recipe: Recipe) -> None:
        super().__init__("made", "made", lambda _: recipe)

    def strike(self, call: Call) -> object:
        assert call.connection is not None
        return under(self.real(call), call.connection, call.real, print)


def test_what_the_harness_notes_of_an_operation_it_asks_before_the_cause(database: Path) -> None:
    """With temporary tables it opens a connection of its own to find where a table is."""
    gate = Armed()
    with connections_through(gate):
        connection = sqlite3.connect(database, timeout=0, isolation_level=None)
        connection.execute("CREATE TEMP TABLE u (s)")
        warm(connection)
        for sql in ("SELECT * FROM t", "INSERT INTO u VALUES (1)", "SELECT * FROM u"):
            gate.recipe = descriptor_limit()
            connection.execute(sql).fetchall()
            assert gate.recipe is None
        connection.close()


def test_a_lock_that_another_holds_is_not_the_targets_error(database: Path) -> None:
    with closing(sqlite3.connect(database, timeout=0, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        with (
            closing(sqlite3.connect(database, timeout=0)) as connection,
            OtherProcess() as other,
            pytest.raises(Unavailable, match="lock"),
        ):
            under(other.hold("reserved"), connection, connection.commit, print)
