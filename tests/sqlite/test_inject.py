from __future__ import annotations

import sqlite3
import sqlite3.dbapi2
import sys
import threading
from contextlib import closing, suppress
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from runfaults.sqlite import FaultNotInjectedError, inject, real_connect, survey
from runfaults.sqlite.likelihood import Likelihood
from runfaults.sqlite.watched import PlainConnection


def save(path: Path, *, timeout: float = 0) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=timeout)
    connection.execute("CREATE TABLE IF NOT EXISTS t (a)")
    connection.execute("INSERT INTO t VALUES (1)")
    return connection


def test_a_fault_strikes_as_often_as_it_says(tmp_path: Path) -> None:
    with inject("busy at main commit x2") as plan:
        connection = save(tmp_path / "x.db")
        for _ in range(2):
            with pytest.raises(sqlite3.OperationalError, match="database is locked"):
                connection.commit()
        connection.commit()
        connection.close()
    assert plan.struck == (2,)


@pytest.mark.parametrize("level", ["", None])
def test_executemany_fails_in_the_middle(tmp_path: Path, level: Any) -> None:
    with closing(sqlite3.connect(tmp_path / "x.db", isolation_level=level)) as connection:
        connection.execute("CREATE TABLE t (a)")
    with (
        inject("ioerr-write at main execute INSERT t row 4"),
        closing(sqlite3.connect(tmp_path / "x.db", isolation_level=level)) as connection,
    ):
        cursor = connection.cursor()
        rows = [(number,) for number in range(10)]
        with pytest.raises(sqlite3.OperationalError):
            cursor.executemany("INSERT INTO t VALUES (?)", rows)
        assert cursor.rowcount == -1
        assert not connection.in_transaction
        remain = connection.execute("SELECT count(*) FROM t").fetchone()[0]
        assert remain == (0 if level is not None else 3)
        assert cursor.executemany("INSERT INTO t VALUES (?)", rows).rowcount == len(rows)


def test_threads_are_actors_by_their_names(tmp_path: Path) -> None:
    errors: list[str] = []

    def work() -> None:
        connection = save(tmp_path / "x.db")
        try:
            connection.commit()
        except sqlite3.OperationalError as error:
            errors.append(error.sqlite_errorname)
        connection.close()

    with inject("ioerr-write at the_worker commit"):
        thread = threading.Thread(target=work, name="the worker")
        thread.start()
        thread.join()
    assert errors == ["SQLITE_IOERR_WRITE"]


def test_a_fault_whose_point_is_never_reached_is_an_error(tmp_path: Path) -> None:
    with (
        pytest.raises(FaultNotInjectedError, match="commit #2: the point was never reached"),
        inject("busy at main commit #2"),
    ):
        save(tmp_path / "x.db").close()


def test_who_names_a_wrong_point_is_told_the_right_ones(tmp_path: Path) -> None:
    told = r"were: main connect \(sqlite/test_inject.py:\d+\), .*main execute INSERT t \(sqlite/"
    with pytest.raises(FaultNotInjectedError, match=told), inject("busy at main commit #2"):
        save(tmp_path / "x.db").close()
    with pytest.raises(FaultNotInjectedError, match="were: none"), inject("busy at main commit"):
        pass


def test_a_survey_lists_the_points_and_what_can_strike_them(tmp_path: Path) -> None:
    with (
        survey(["busy", "full", "interrupt", "closed"]) as operations,
        closing(save(tmp_path / "x.db")) as connection,
    ):
        connection.commit()
    found = {str(each.point): each for each in operations}
    assert found["main commit"].kinds == {
        "busy": Likelihood.LIKELY,
        "full": Likelihood.LIKELY,
        "interrupt": Likelihood.REMOTE,
    }
    assert "test_inject.py" in found["main commit"].place
    assert found["main close"].kinds == {}


def test_a_fault_that_cannot_strike_there_is_an_error_with_the_reason(tmp_path: Path) -> None:
    def roll_back() -> None:
        with inject("busy at main rollback"):
            connection = save(tmp_path / "x.db")
            connection.rollback()
            connection.close()

    with pytest.raises(FaultNotInjectedError, match="because ROLLBACK needs no lock"):
        roll_back()


def test_the_error_of_the_block_is_not_hidden() -> None:
    with pytest.raises(KeyError), inject("busy at main commit"):
        raise KeyError


def test_faults_may_be_allowed_to_miss() -> None:
    with inject("busy at main commit", must_strike=False) as plan:
        pass
    assert len(plan.unreached()) == 1


def test_a_real_lock_is_waited_for_until_the_timeout_is_used_up(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    other = real_connect(path, isolation_level=None)
    other.execute("CREATE TABLE t (a)")
    other.execute("BEGIN IMMEDIATE")
    with inject():
        connection = sqlite3.connect(path, timeout=0.01)
        with pytest.raises(sqlite3.OperationalError, match="database is locked"):
            connection.execute("INSERT INTO t VALUES (1)")
        connection.close()
    other.close()


def test_connect_is_what_it_was_after_the_block() -> None:
    with suppress(KeyError), inject():
        assert sqlite3.connect is not real_connect
        assert sqlite3.dbapi2.connect is sqlite3.connect
        raise KeyError
    assert sqlite3.connect is real_connect
    assert sqlite3.dbapi2.connect is real_connect


def test_a_name_that_a_module_captured_is_replaced_too(tmp_path: Path) -> None:
    module = ModuleType("captor")
    module.open_database = real_connect  # type: ignore[attr-defined]
    with (
        inject("cantopen at main connect", captured=(module,)),
        pytest.raises(sqlite3.OperationalError, match="unable to open"),
    ):
        module.open_database(tmp_path / "x.db")  # type: ignore[attr-defined]
    assert module.open_database is real_connect  # type: ignore[attr-defined]


def test_two_gates_at_a_time_are_refused() -> None:
    with inject(), pytest.raises(RuntimeError, match="exit its `with` block first"), inject():
        pass
    assert sqlite3.connect is real_connect


def test_a_connection_that_outlives_the_block_becomes_a_plain_one(tmp_path: Path) -> None:
    with inject():
        connection = sqlite3.connect(tmp_path / "x.db", timeout=7)
    assert connection.execute("PRAGMA busy_timeout").fetchone() == (7000,)
    assert type(connection) is PlainConnection
    assert type(connection.cursor()) is sqlite3.Cursor
    connection.close()


def test_a_connection_that_was_closed_keeps_saying_so(tmp_path: Path) -> None:
    with inject():
        connection = sqlite3.connect(tmp_path / "x.db")
        connection.close()
    with pytest.raises(sqlite3.ProgrammingError, match="closed database"):
        connection.execute("SELECT 1")


def test_faults_leave_no_reference_to_what_they_struck(tmp_path: Path) -> None:
    with inject("interrupt at main execute SELECT t") as plan:
        connection = save(tmp_path / "x.db")
        connection.commit()
        cursor = connection.cursor()
        before = sys.getrefcount(cursor)
        with suppress(sqlite3.OperationalError):
            cursor.execute("SELECT a FROM t")
        assert plan.struck == (1,)
        cursor.execute("SELECT a FROM t").fetchall()
        assert sys.getrefcount(cursor) == before
        connection.close()


def test_the_gate_of_another_block_does_not_watch(tmp_path: Path) -> None:
    with inject():
        first = sqlite3.connect(tmp_path / "x.db")
    with inject("interrupt at main execute SELECT sqlite_master", must_strike=False) as plan:
        first.execute("SELECT 1 FROM sqlite_master").fetchall()
    assert plan.struck == (0,)
    first.close()
