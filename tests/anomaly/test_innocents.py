"""Right programs of many kinds, under every fault, by the plugin's own fixture."""

from __future__ import annotations

import sqlite3
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from runfaults.every_fault import UnsuitableError
from runfaults.every_fault import every_fault as tried
from runfaults.model import Verdict

SCHEMA = """
CREATE TABLE parent (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE);
CREATE TABLE child (
    id INTEGER PRIMARY KEY,
    parent REFERENCES parent(id) ON DELETE CASCADE,
    at TEXT DEFAULT CURRENT_TIMESTAMP
);
CREATE TABLE audit (what TEXT);
CREATE TRIGGER noted AFTER INSERT ON parent BEGIN INSERT INTO audit VALUES (new.name); END;
CREATE VIRTUAL TABLE search USING fts5(body);
INSERT INTO parent (name) VALUES ('a'), ('b');
INSERT INTO child (parent) VALUES (1), (2);
INSERT INTO search VALUES ('hello world');
"""


@pytest.fixture(params=["delete", "wal"])
def path(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    path = tmp_path / "db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA journal_mode={request.param}")
        connection.executescript(SCHEMA)
    return path


@contextmanager
def transaction(path: Path) -> Iterator[sqlite3.Connection]:
    """Begin, commit and roll back by hand."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise


def fires_a_trigger(path: Path) -> None:
    with transaction(path) as connection:
        connection.execute("INSERT INTO parent (name) VALUES ('c')")


def cascades(path: Path) -> None:
    with transaction(path) as connection:
        connection.execute("DELETE FROM parent WHERE id = 1")


def goes_back_to_a_savepoint(path: Path) -> None:
    with transaction(path) as connection:
        connection.execute("INSERT INTO parent (name) VALUES ('c')")
        connection.execute("SAVEPOINT s")
        try:
            connection.execute("INSERT INTO parent (name) VALUES ('a')")
        except sqlite3.IntegrityError:
            connection.execute("ROLLBACK TO s")
        connection.execute("RELEASE s")


def searches(path: Path) -> list[Any]:
    with transaction(path) as connection:
        connection.execute("INSERT INTO search VALUES ('more words')")
        return connection.execute("SELECT * FROM search WHERE search MATCH 'words'").fetchall()


def inserts_many(path: Path) -> None:
    with transaction(path) as connection:
        rows = [(f"n{each}",) for each in range(5)]
        connection.executemany("INSERT INTO parent (name) VALUES (?)", rows)


def stages_in_a_temporary_table(path: Path) -> None:
    with transaction(path) as connection:
        connection.execute("CREATE TEMP TABLE staged (x)")
        connection.executemany("INSERT INTO staged VALUES (?)", [(1,), (2,)])
        connection.execute("INSERT INTO audit SELECT x FROM staged")


def iterates(path: Path) -> list[Any]:
    with closing(sqlite3.connect(path)) as connection:
        return list(connection.execute("SELECT * FROM parent"))


def migrates(path: Path) -> None:
    with transaction(path) as connection:
        if connection.execute("PRAGMA user_version").fetchone() == (0,):
            connection.execute("ALTER TABLE parent ADD COLUMN more")
            connection.execute("CREATE INDEX by_more ON parent (more)")
            connection.execute("PRAGMA user_version=1")


def upserts(path: Path) -> list[Any]:
    with transaction(path) as connection:
        return connection.execute(
            "INSERT INTO parent (name) VALUES ('a') ON CONFLICT DO UPDATE SET name = 'z' "
            "RETURNING id"
        ).fetchall()


INNOCENT = [
    fires_a_trigger,
    migrates,
    *(
        pytest.param(each, marks=pytest.mark.nightly)
        for each in (
            cascades,
            goes_back_to_a_savepoint,
            searches,
            inserts_many,
            stages_in_a_temporary_table,
            iterates,
            upserts,
        )
    ),
]


@pytest.mark.parametrize("call", INNOCENT)
def test_a_right_program_bears_them_all(
    path: Path, call: Callable[[Path], object], every_fault: Any
) -> None:
    every_fault(lambda: call(path), kinds="all")


def test_threads_that_wait_for_each_other_are_not_locked_out(path: Path, every_fault: Any) -> None:
    def adds(errors: list[Exception]) -> None:
        try:
            fires_a_trigger(path)
        except sqlite3.IntegrityError:
            pass  # another one was first
        except sqlite3.Error as error:
            errors.append(error)

    def all_of_them() -> None:
        errors: list[Exception] = []
        threads = [threading.Thread(target=adds, args=(errors,)) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if errors:
            raise errors[0]

    every_fault(all_of_them, kinds="likely", atomic=False, recovers=False)


@pytest.mark.skipif(sys.version_info < (3, 12), reason="autocommit is an attribute from 3.12 on")
def test_a_connection_that_is_always_in_a_transaction(path: Path, every_fault: Any) -> None:
    connection: Any = sqlite3.connect(path, autocommit=False)  # type: ignore[call-overload]

    def adds() -> None:
        try:
            connection.execute("INSERT INTO parent (name) VALUES ('c')")
            connection.commit()
        except BaseException:
            connection.rollback()
            raise

    # Where a fault rolls back by itself, `rollback()` of such a connection raises, and so does all
    # that follows it.
    every_fault(adds, kinds="busy")
    connection.close()


Two = tuple[sqlite3.Connection, sqlite3.Connection]


def adds(to: sqlite3.Connection) -> None:
    with to:
        to.execute("INSERT INTO parent (name) VALUES ('c')")


def adds_and_leaves_open(to: sqlite3.Connection) -> None:
    to.execute("INSERT INTO parent (name) VALUES ('c')")
    to.execute("INSERT INTO parent (name) VALUES ('d')")
    to.commit()


def test_a_reader_that_the_call_does_not_use_keeps_its_snapshot() -> None:
    def make(folder: Path) -> None:
        with closing(sqlite3.connect(folder / "db")) as connection:
            connection.execute("PRAGMA journal_mode=wal")
            connection.executescript(SCHEMA)

    def opened(folder: Path) -> Two:
        reader = sqlite3.connect(folder / "db", isolation_level=None)
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM parent").fetchall()
        return reader, sqlite3.connect(folder / "db")

    def verdicts(call: Callable[[Two], object]) -> set[Verdict]:
        return {each.verdict for each in tried(make, opened, call, kinds="busy readonly")}

    assert verdicts(lambda both: adds(both[1])) == {Verdict.HOLDS}
    assert Verdict.BROKEN in verdicts(lambda both: adds_and_leaves_open(both[1]))
    with pytest.raises(UnsuitableError, match="a transaction is open on"):
        verdicts(lambda both: adds(both[0]))
