"""Stand-ins for what a run manager meets: scripted pipelines, faults, and other lock holders."""

import sqlite3
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any

import pytest

from genglossary.db.connection import get_connection
from genglossary.db.schema import initialize_db
from genglossary.runs.executor import ExecutionContext
from genglossary.runs.manager import RunManager
from genglossary.runs.retry import RetryPolicy

AUDIT = """
CREATE TABLE transitions (run_id INTEGER, status TEXT);
CREATE TRIGGER inserted AFTER INSERT ON runs
    BEGIN INSERT INTO transitions VALUES (new.id, new.status); END;
CREATE TRIGGER updated AFTER UPDATE OF status ON runs
    BEGIN INSERT INTO transitions VALUES (new.id, new.status); END;
"""


@dataclass
class Fault:
    """Raises instead of an operation, or after it has taken effect, a number of times."""

    operation: str
    error: BaseException
    sql: str = ""
    times: int = 1
    after: bool = False
    rolls_back: bool = False


@dataclass
class Faults:
    """The faults armed and the connections opened since the fixture was asked for."""

    armed: list[Fault] = field(default_factory=list)
    connections: list["FaultyConnection"] = field(default_factory=list)
    lock: Lock = field(default_factory=Lock)

    def arm(self, operation: str, error: BaseException, **details: Any) -> Fault:
        fault = Fault(operation, error, **details)
        with self.lock:
            self.armed.append(fault)
        return fault

    def lift(self) -> None:
        with self.lock:
            self.armed.clear()

    def of(self, operation: str, sql: str = "") -> Fault | None:
        with self.lock:
            for fault in self.armed:
                if fault.operation == operation and fault.sql in sql and fault.times > 0:
                    fault.times -= 1
                    return fault
        return None

    @contextmanager
    def around(self, operation: str, sql: str = "") -> Iterator[None]:
        fault = self.of(operation, sql)
        if fault is not None and not fault.after:
            raise fault.error
        yield
        if fault is not None:
            raise fault.error

    def open_connections(self) -> int:
        return sum(not connection.was_closed for connection in self.connections)


class FaultyConnection(sqlite3.Connection):
    faults: Faults
    was_closed = False

    def execute(self, sql: str, *arguments: Any) -> sqlite3.Cursor:
        with self.faults.around("execute", sql):
            return super().execute(sql, *arguments)

    def commit(self) -> None:
        fault = self.faults.of("commit")
        if fault is None or fault.after:
            super().commit()
        elif fault.rolls_back:
            super().rollback()
        if fault is not None:
            raise fault.error

    def rollback(self) -> None:
        with self.faults.around("rollback"):
            super().rollback()

    def close(self) -> None:
        super().close()
        self.was_closed = True
        with self.faults.around("close"):
            pass


def sqlite_error(
    name: str,
    kind: type[sqlite3.Error] = sqlite3.OperationalError,
    text: str = "database is locked",
) -> sqlite3.Error:
    error = kind(text)
    error.__dict__["sqlite_errorname"] = name
    error.__dict__["sqlite_errorcode"] = getattr(sqlite3, name)
    return error


@pytest.fixture
def error() -> Callable[..., sqlite3.Error]:
    """Make an error as the engine raises it, with its code."""
    return sqlite_error


@pytest.fixture(autouse=True)
def faults(monkeypatch: pytest.MonkeyPatch) -> Generator[Faults, None, None]:
    """Open every connection as a faulty one that does not wait for locks."""
    faults = Faults()
    connect = sqlite3.connect

    class Connection(FaultyConnection):
        pass

    Connection.faults = faults

    def faulty_connect(database: str, **options: Any) -> sqlite3.Connection:
        with faults.around("connect"):
            connection = connect(database, **(options | {"timeout": 0, "factory": Connection}))
        assert isinstance(connection, FaultyConnection)
        faults.connections.append(connection)
        return connection

    monkeypatch.setattr(sqlite3, "connect", faulty_connect)
    yield faults
    faults.lift()
    for connection in faults.connections:
        connection.close()


@pytest.fixture
def db_path(tmp_path: Path) -> Path:
    """Return the path of a database with tables and an audit of every status."""
    path = tmp_path / "project" / "genglossary.db"
    conn = get_connection(path)
    initialize_db(conn)
    conn.executescript(AUDIT)
    conn.close()
    return path


@pytest.fixture
def conn(db_path: Path) -> Generator[sqlite3.Connection, None, None]:
    """Return another connection, as the API or a user's tool has it."""
    connection = get_connection(db_path)
    yield connection
    connection.close()


@pytest.fixture
def transitions(db_path: Path) -> Callable[[], list[str]]:
    """Read every status that any run ever had, in order."""

    def read() -> list[str]:
        connection = get_connection(db_path)
        rows = connection.execute("SELECT status FROM transitions ORDER BY rowid").fetchall()
        connection.close()
        return [row["status"] for row in rows]

    return read


@dataclass
class ScriptedExecutor:
    """A pipeline that does what a test says."""

    action: Callable[[sqlite3.Connection, ExecutionContext], None]

    def execute(
        self, conn: sqlite3.Connection, scope: str, context: ExecutionContext, **_: Any
    ) -> None:
        self.action(conn, context)

    def close(self) -> None:
        pass


def driven(path: Path, executor: Any, **options: Any) -> RunManager:
    """Make a manager with an executor of ours; all else in it is unmodified."""

    class Driven(RunManager):
        def _make_executor(self) -> Any:
            return executor

    return Driven(str(path), **options)


@pytest.fixture
def retry() -> RetryPolicy:
    """Return a policy that does not wait."""
    return RetryPolicy(initial=0, cap=0, jitter=0)


@pytest.fixture
def make_manager(
    db_path: Path, retry: RetryPolicy, faults: Faults
) -> Generator[Callable[..., RunManager], None, None]:
    """Make managers whose pipeline is a function of connection and context."""
    managers: list[RunManager] = []

    def make(
        action: Callable[[sqlite3.Connection, ExecutionContext], Any] = lambda _c, _x: None,
        path: Path = db_path,
        **options: Any,
    ) -> RunManager:
        manager = driven(path, ScriptedExecutor(action), retry=retry, **options)
        managers.append(manager)
        return manager

    yield make
    faults.lift()
    for manager in managers:
        manager.close()


@pytest.fixture
def signal() -> Callable[[Any], dict[str, Any]]:
    """Wait for the completion signal of a subscription."""

    def wait(queue: Any) -> dict[str, Any]:
        while True:
            message = queue.get()
            if message.get("complete"):
                return message

    return wait


@pytest.fixture
def heard() -> Callable[[Any, str], dict[str, Any]]:
    """Wait for a line with a certain text."""

    def wait(queue: Any, text: str) -> dict[str, Any]:
        while True:
            message = queue.get()
            if text in message.get("message", ""):
                return message
            assert not message.get("complete"), f"No {text!r} before {message}"

    return wait
