"""Every operation meets the gate, once, whichever way CPython takes inside."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest

from runfaults.sqlite import Call, FaultKind, PointCounter, connections_through, kind_named


class Recorder:
    """Writes down the points; strikes where it is told to."""

    def __init__(self, strikes: dict[str, str] | None = None) -> None:
        self.points: list[str] = []
        self.errors: list[str] = []
        self._strikes = strikes or {}
        self._counter = PointCounter()

    def before(self, call: Call) -> FaultKind | None:
        point = str(self._counter.point("a", call.operation, call.statement.subject))[2:]
        self.points.append(point)
        kind = self._strikes.get(point)
        if kind is None:
            return None
        assert kind_named(kind).refusal(call) is None
        return kind_named(kind)

    def after(self, call: Call, error: BaseException | None) -> None:
        self.errors.append(type(error).__name__)

    def busy(self, call: Call, waited: int) -> bool:
        return False


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    gate = Recorder()
    with connections_through(gate):
        yield gate


@pytest.fixture
def connection(recorder: Recorder, tmp_path: Path) -> Iterator[sqlite3.Connection]:
    opened = sqlite3.connect(tmp_path / "x.db")
    opened.execute("CREATE TABLE t (a)")
    opened.execute("INSERT INTO t VALUES (1), (2), (3)")
    opened.commit()
    recorder.points.clear()
    yield opened
    opened.close()


def _with(connection: sqlite3.Connection) -> None:
    with connection:
        connection.execute("UPDATE t SET a = 2")


def _failing_with(connection: sqlite3.Connection) -> None:
    with suppress(KeyError), connection:
        connection.execute("UPDATE t SET a = 2")
        raise KeyError


def _setter(connection: sqlite3.Connection) -> None:
    connection.execute("UPDATE t SET a = 2")
    connection.isolation_level = None
    assert connection.isolation_level is None
    assert not connection.in_transaction


def _iterate(connection: sqlite3.Connection) -> None:
    assert len(list(connection.execute("SELECT a FROM t"))) == 3


def _next(connection: sqlite3.Connection) -> None:
    cursor = connection.execute("SELECT a FROM t LIMIT 1")
    assert next(cursor) == (1,)
    with pytest.raises(StopIteration):
        next(cursor)


def _fetches(connection: sqlite3.Connection) -> None:
    cursor = connection.cursor()
    cursor.execute("SELECT a FROM t")
    assert cursor.fetchone() == (1,)
    assert cursor.fetchmany(size=1) == [(2,)]
    assert cursor.fetchall() == [(3,)]


def _many(connection: sqlite3.Connection) -> None:
    connection.executemany("INSERT INTO t VALUES (?)", ((n,) for n in range(3)))
    connection.rollback()


def _script(connection: sqlite3.Connection) -> None:
    connection.execute("UPDATE t SET a = 2")
    connection.executescript(
        """
        BEGIN; INSERT INTO t VALUES (';'); COMMIT;
        CREATE TRIGGER g AFTER DELETE ON t BEGIN SELECT 1; SELECT 2; END;
        DELETE FROM t -- the last one needs no semicolon
        """
    )


def _release(connection: sqlite3.Connection) -> None:
    for sql in ("SAVEPOINT o", "SAVEPOINT i", "RELEASE i", "ROLLBACK TO o", "RELEASE o"):
        connection.execute(sql)
    assert not connection.in_transaction


def _blob_and_backup(connection: sqlite3.Connection) -> None:
    with closing(sqlite3.Connection(":memory:")) as target:
        connection.backup(target)
    connection.execute("INSERT INTO t VALUES (x'00')")
    connection.blobopen("t", "a", 4).close()


@pytest.mark.parametrize(
    ("use", "points"),
    [
        (_with, ["execute UPDATE t", "commit #2"]),
        (_failing_with, ["execute UPDATE t", "rollback"]),
        (_setter, ["execute UPDATE t", "commit #2"]),
        (_iterate, ["execute SELECT t", "fetch SELECT t"]),
        (_next, ["execute SELECT t", "fetch SELECT t", "fetch SELECT t #2"]),
        (
            _fetches,
            ["execute SELECT t", "fetch SELECT t", "fetch SELECT t #2", "fetch SELECT t #3"],
        ),
        (_many, ["execute INSERT t #2", "execute INSERT t row 2", "rollback"]),
        (
            _script,
            [
                "execute UPDATE t",
                "commit #2",
                "execute BEGIN",
                "execute INSERT t #2",
                "commit #3",
                "execute CREATE g",
                "execute DELETE t",
            ],
        ),
        (
            _release,
            [
                "execute SAVEPOINT",
                "execute SAVEPOINT #2",
                "execute RELEASE",
                "execute ROLLBACK TO",
                "commit RELEASE",
            ],
        ),
        (_blob_and_backup, ["execute BACKUP", "execute INSERT t #2", "execute BLOBOPEN t"]),
    ],
)
def test_every_operation_is_one_point(
    use: Callable[[sqlite3.Connection], None],
    points: list[str],
    connection: sqlite3.Connection,
    recorder: Recorder,
) -> None:
    use(connection)
    assert recorder.points == points


def test_connecting_and_closing_are_points(recorder: Recorder) -> None:
    sqlite3.connect(":memory:").close()
    assert recorder.points == ["connect", "close"]


class DirectCursor(sqlite3.Cursor):
    """Calls the C method by its name, as some frameworks do."""

    def execute(self, sql: str, parameters: Any = ()) -> Any:  # type: ignore[override]
        return sqlite3.Cursor.execute(self, sql.replace("%s", "?"), parameters)


class PatientCursor(sqlite3.Cursor):
    """Calls `super`, and tries again: its protection must stay in effect."""

    tries = 0

    def execute(self, sql: str, parameters: Any = ()) -> Any:  # type: ignore[override]
        while True:
            self.tries += 1
            try:
                return super().execute(sql, parameters)
            except sqlite3.OperationalError:
                if self.tries > 2:
                    raise


@pytest.mark.parametrize("factory", [DirectCursor, PatientCursor, lambda c: DirectCursor(c)])  # noqa: PLW0108
def test_a_cursor_of_somebody_elses_class_is_seen(
    factory: Any, connection: sqlite3.Connection, recorder: Recorder
) -> None:
    cursor = connection.cursor(factory)
    assert cursor.execute("SELECT a FROM t WHERE a = 1").fetchall() == [(1,)]
    assert recorder.points == ["execute SELECT t", "fetch SELECT t"]


def test_what_a_cursor_class_does_about_errors_stays_in_effect(tmp_path: Path) -> None:
    gate = Recorder({"execute UPDATE t": "busy"})
    with connections_through(gate):
        connection = sqlite3.connect(tmp_path / "x.db")
        connection.execute("CREATE TABLE t (a)")
        cursor = connection.cursor(PatientCursor)
        cursor.execute("UPDATE t SET a = 1")
        connection.close()
    assert (cursor.tries, gate.points[-3:-1]) == (2, ["execute UPDATE t", "execute UPDATE t #2"])


class DirectConnection(sqlite3.Connection):
    def commit(self) -> None:
        sqlite3.Connection.commit(self)


class PatientConnection(sqlite3.Connection):
    def execute(self, *arguments: Any) -> Any:
        return super().execute(*arguments)

    def commit(self) -> None:
        super().commit()


@pytest.mark.parametrize(
    "factory",
    [DirectConnection, PatientConnection, lambda *a, **k: PatientConnection(*a, **k)],  # noqa: PLW0108
)
def test_a_connection_of_somebody_elses_class_is_seen(factory: Any, recorder: Recorder) -> None:
    connection = sqlite3.connect(":memory:", factory=factory)
    connection.execute("CREATE TABLE t (a)")
    connection.execute("INSERT INTO t VALUES (1)")
    connection.commit()
    connection.close()
    assert recorder.points == [
        "connect",
        "execute CREATE t",
        "execute INSERT t",
        "commit",
        "close",
    ]


def test_a_factory_whose_connections_cannot_be_watched_is_refused(recorder: Recorder) -> None:
    with pytest.raises(TypeError, match="cannot be watched; let it return a subclass"):
        sqlite3.connect(":memory:", factory=lambda *a, **k: sqlite3.Connection(*a, **k))  # type: ignore[arg-type]  # noqa: PLW0108
    assert recorder.errors == ["TypeError"]


def test_a_block_whose_commit_fails_is_rolled_back(tmp_path: Path) -> None:
    gate = Recorder({"commit": "busy"})
    with connections_through(gate):
        connection = sqlite3.connect(tmp_path / "x.db")
        connection.execute("CREATE TABLE t (a)")
        with pytest.raises(sqlite3.OperationalError, match="locked"), connection:
            connection.execute("INSERT INTO t VALUES (1)")
        assert gate.points[-2:] == ["commit", "rollback"]
        assert not connection.in_transaction
        connection.close()


def test_an_operation_that_fails_by_itself_is_reported_to_the_gate(
    connection: sqlite3.Connection, recorder: Recorder
) -> None:
    recorder.errors.clear()
    with pytest.raises(sqlite3.OperationalError, match="no such table"):
        connection.execute("SELECT * FROM missing")
    assert recorder.errors == ["OperationalError"]


def test_the_state_follows_the_statements(connection: Any) -> None:
    assert not connection.fresh
    connection.execute("BEGIN")
    assert (connection.reading, connection.writing) == (False, False)
    connection.execute("SELECT a FROM t").fetchall()
    assert (connection.reading, connection.writing) == (True, False)
    connection.execute("UPDATE t SET a = 5")
    assert (connection.writing, connection.changed) == (True, True)
    connection.commit()
    assert (connection.reading, connection.writing, connection.changed) == (False, False, False)
    cursor = connection.execute("SELECT a FROM t")
    assert connection.reading
    cursor.fetchall()
    assert not connection.reading
    row = connection.execute("SELECT a FROM t LIMIT 1")
    row.fetchone()
    assert not connection.reading, "SQLite has ended the read, though nobody fetched None"
    connection.execute("BEGIN IMMEDIATE")
    assert (connection.writing, connection.changed) == (True, False)
    connection.rollback()
    assert connection.journal == "delete"
