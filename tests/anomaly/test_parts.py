from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from itertools import repeat
from pathlib import Path
from time import sleep

import pytest

from runfaults.anomaly.database_state import DatabaseState, Table, is_locked, read_state
from runfaults.anomaly.difference import differences
from runfaults.anomaly.ending import NeverEndsError, is_of_fault, mark
from runfaults.anomaly.options import Options
from runfaults.anomaly.virtual_sleep import virtual_sleep
from runfaults.anomaly.volatile import Volatile, differing
from runfaults.anomaly.watchdog import watchdog
from runfaults.every_fault import Likelihood, Point, Strike


@pytest.mark.parametrize(
    ("text", "strike"),
    [
        ("busy at #3", Strike("busy", Point(3))),
        ("full at #1 of thread 2 until lifted", Strike("full", Point(1, 2), lasting=True)),
    ],
)
def test_a_strike_is_read_as_it_is_written(text: str, strike: Strike) -> None:
    assert str(strike) == text
    assert Strike.parse(text) == strike


@pytest.mark.parametrize("text", ["busy", "busy at 3", "busy at #0", "bsy at #1"])
def test_what_is_no_strike_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"not a fault at an operation|no fault kind 'bsy'"):
        Strike.parse(text)


# --- databases --------------------------------------------------------------------------------


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE t (x, y)")
        connection.execute("INSERT INTO t VALUES (1, 'one'), (2, 'two'), (2, 'two')")
    return path


@pytest.fixture
def connection(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        yield connection


def test_a_state_differs_by_a_row_that_is_there_once_more(path: Path) -> None:
    before = read_state(str(path))
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("INSERT INTO t VALUES (2, 'two')")
        connection.execute("UPDATE t SET x = 1.0 WHERE x = 1")
        connection.execute("CREATE INDEX i ON t (x)")
    after = read_state(str(path))
    assert before != after
    assert differences(before, after) == [
        "+ index i",
        "table t (x, y)",
        "  - (1, 'one')",
        "  + (1.0, 'one')",
        "  + (2, 'two')",
    ]


def test_the_order_of_rows_makes_no_difference(path: Path) -> None:
    before = read_state(str(path))
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE t SET rowid = 10 - rowid")
    assert read_state(str(path)) == before


def test_a_counter_of_ids_at_0_is_none(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "ids")) as connection:
        connection.execute("CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT)")
        never = read_state(str(tmp_path / "ids"))
        with connection:
            connection.execute("INSERT INTO t VALUES (NULL)")
            connection.execute("DELETE FROM t")
        assert read_state(str(tmp_path / "ids")) != never
        with connection:
            connection.execute("UPDATE sqlite_sequence SET seq = 0")
        assert read_state(str(tmp_path / "ids")) == never


def test_a_file_that_is_not_there_is_an_empty_database(tmp_path: Path) -> None:
    assert read_state(str(tmp_path / "nowhere")) == DatabaseState()
    assert not (tmp_path / "nowhere").exists()


def test_a_broken_database_is_not_sound(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE INDEX i ON t (x)")
        connection.execute("PRAGMA writable_schema=ON")
        connection.execute("UPDATE sqlite_schema SET rootpage = 2 WHERE name = 'i'")
    assert read_state(str(path)).integrity != "ok"


@pytest.mark.parametrize("statement", ["BEGIN IMMEDIATE", "BEGIN; SELECT * FROM t"])
def test_a_lock_is_seen(path: Path, connection: sqlite3.Connection, statement: str) -> None:
    for each in statement.split(";"):
        connection.execute(each).fetchone()
    assert is_locked(str(path))
    connection.rollback()
    assert not is_locked(str(path))


def test_a_transaction_that_has_done_nothing_has_no_lock(
    path: Path, connection: sqlite3.Connection
) -> None:
    connection.execute("BEGIN")
    assert not is_locked(str(path))


# --- what differs by itself -------------------------------------------------------------------


def state(*rows: tuple[object, ...], name: str = "t") -> DatabaseState:
    return DatabaseState(schema={("table", name): ""}, tables={name: Table(("x", "y"), rows)})


def test_a_column_is_volatile_and_a_row_more_is_not() -> None:
    assert differing(state((1, 2)), state((1, 3))).columns == {("t", "y")}
    assert differing(state((1, 2)), state((1, 2), (1, 2))).columns == set()


def test_names_that_do_not_come_again_are_not_compared() -> None:
    volatile = differing(state(name="a1"), state(name="a2"))
    assert volatile.lifted_from(state((1, 2), name="a3")).tables == {}
    assert Volatile().lifted_from(state((1, 2), name="a3")).tables != {}


def test_an_author_names_columns_of_one_table_or_of_all() -> None:
    own = Volatile.parse("t.x, y")
    assert own.lifted_from(state((1, 2))) == own.lifted_from(state((3, 4)))
    assert own.lifted_from(state((1, 2), name="u")) != own.lifted_from(state((3, 2), name="u"))


# --- errors, kinds, time ----------------------------------------------------------------------


def test_an_error_is_of_the_fault_through_causes_contexts_and_groups() -> None:
    fault = sqlite3.OperationalError("database is locked")
    mark(fault)
    outer = KeyError("a")
    outer.__context__ = ValueError("b")
    outer.__context__.__cause__ = fault
    assert is_of_fault(fault)
    assert is_of_fault(ExceptionGroup("both", [TypeError(), outer]))
    lonely = KeyError("a")
    lonely.__context__ = lonely.__cause__ = sqlite3.OperationalError("database is locked")
    assert not is_of_fault(lonely)
    assert not is_of_fault(None)


@pytest.mark.parametrize(
    ("kinds", "tried", "failed"),
    [
        ("", "busy ioerr-read nomem", "busy ioerr-read"),
        ("likely", "busy", "busy"),
        ("possible", "busy ioerr-read", "busy ioerr-read"),
        ("all", "busy ioerr-read nomem", "busy ioerr-read nomem"),
        ("nomem", "nomem", "nomem"),
        ("likely, nomem", "busy nomem", "busy nomem"),
    ],
)
def test_kinds_are_named_or_as_likely_as_asked_for(kinds: str, tried: str, failed: str) -> None:
    likelihoods = {
        "busy": Likelihood.LIKELY,
        "ioerr-read": Likelihood.POSSIBLE,
        "nomem": Likelihood.REMOTE,
        "closed": Likelihood.MISTAKE,
    }
    options = Options.of({"kinds": kinds})
    assert [each for each in likelihoods if options.tries(each, likelihoods[each])] == tried.split()
    assert [
        each for each in likelihoods if options.fails_by(each, likelihoods[each])
    ] == failed.split()


def test_an_hours_sleep_moves_the_clocks_and_takes_no_time() -> None:
    real, wall = time.perf_counter(), datetime.now(UTC)
    with virtual_sleep():
        before, stamp = time.monotonic(), time.time()
        sleep(3600)
        assert time.monotonic() - before >= 3600
        assert time.time() - stamp >= 3600
        assert (datetime.now(UTC) - wall).total_seconds() >= 3600
        with closing(sqlite3.connect(":memory:")) as connection:
            (stored,) = connection.execute("SELECT strftime('%s', 'now')").fetchone()
        assert int(stored) - stamp >= 3600 - 1, "SQL has whole seconds"
    assert time.perf_counter() - real < 3600
    assert (datetime.now(UTC) - wall).total_seconds() < 3600


def test_an_event_loop_sleeps_on_the_moved_clock_and_hears_of_threads() -> None:
    async def work() -> str:
        await asyncio.sleep(3600)
        return await asyncio.wait_for(asyncio.to_thread(threading.current_thread), 3600) and "done"

    real = time.monotonic()
    with virtual_sleep():
        began = time.monotonic()
        assert asyncio.run(work()) == "done"
        moved = time.monotonic() - began
    assert 3600 <= moved < 7200  # the thread was heard of before its time was up
    assert time.monotonic() - real < 3600


def test_an_event_loop_that_only_sleeps_is_ended() -> None:
    async def work() -> None:
        for hour in repeat(3600):
            await asyncio.sleep(hour)

    with virtual_sleep(), pytest.raises(NeverEndsError), watchdog(lambda: 0, 0.7):
        asyncio.run(work())


def test_another_thread_has_the_real_clocks() -> None:
    seen: list[float] = []
    with virtual_sleep():
        before = time.monotonic()
        sleep(3600)
        thread = threading.Thread(target=lambda: seen.append(time.monotonic() - before))
        thread.start()
        thread.join()
    assert seen[0] < 3600


def test_sleeping_a_negative_time_is_refused_as_ever() -> None:
    with virtual_sleep(), pytest.raises(ValueError, match="non-negative"):
        time.sleep(-1)
