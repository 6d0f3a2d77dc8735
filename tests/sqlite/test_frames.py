"""A program that keeps an error keeps no more of the connection than with plain sqlite3."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from runfaults.sqlite import inject

Body = Callable[[sqlite3.Connection], object]


def _cursor_in_sight(connection: sqlite3.Connection) -> None:
    cursor = connection.execute("SELECT * FROM jobs")
    cursor.fetchone()
    raise ValueError("while the program itself holds the cursor")


BODIES: dict[str, Body] = {
    "execute": lambda c: c.execute("INSERT INTO jobs (state) VALUES ('a')"),
    "returning": lambda c: c.execute("INSERT INTO jobs (state) VALUES ('a') RETURNING id"),
    "fetchall": lambda c: c.execute("UPDATE jobs SET state = 'a' RETURNING id").fetchall(),
    "fetchone": lambda c: c.execute("SELECT abs(-9223372036854775808)").fetchone(),
    "executemany": lambda c: c.executemany("INSERT INTO jobs (state) VALUES (?)", ["z", "a"]),
    "executescript": lambda c: c.executescript("INSERT INTO jobs (state) VALUES ('a');"),
    "cursor": lambda c: c.cursor().execute("INSERT INTO jobs (state) VALUES ('a')"),
    "next": lambda c: next(c.execute("SELECT abs(-9223372036854775808)")),
    "cursor in sight": _cursor_in_sight,
}


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "jobs.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE jobs (id INTEGER PRIMARY KEY, state TEXT UNIQUE)")
        connection.execute("INSERT INTO jobs (state) VALUES ('a'), ('b')")
        connection.commit()
    return path


def is_free_after(body: Body, database: Path) -> bool:
    """Whether another connection may write while the error is kept."""
    kept: Exception | None = None
    try:
        with closing(sqlite3.connect(database, isolation_level=None, timeout=0)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            body(connection)
    except (sqlite3.Error, ValueError) as error:
        kept = error
    assert kept is not None
    with closing(sqlite3.connect(database, isolation_level=None, timeout=0)) as connection:
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return False
        return True


@pytest.mark.parametrize("name", BODIES)
def test_a_kept_error_keeps_a_lock_only_where_plain_sqlite_does(name: str, database: Path) -> None:
    # A kept error keeps its frames, and they the connection, until a garbage collection.
    untouched = database.with_name("untouched.db")
    shutil.copy(database, untouched)
    plain = is_free_after(BODIES[name], database)
    with inject():
        gated = is_free_after(BODIES[name], untouched)
    assert gated == plain


def test_an_error_shows_no_frame_of_the_harness_but_its_door(database: Path) -> None:
    with (
        inject("busy at main execute INSERT jobs"),
        closing(sqlite3.connect(database, timeout=0)) as connection,
        pytest.raises(sqlite3.OperationalError, match="locked") as caught,
    ):
        connection.execute("INSERT INTO jobs (state) VALUES ('c')")
    names = [entry.name for entry in caught.traceback]
    assert names[1:] == ["execute", "operation"]
