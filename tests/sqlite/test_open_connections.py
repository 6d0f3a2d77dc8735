from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from runfaults.sqlite import FaultNotInjectedError, Strike, inject, survey


def test_a_fault_strikes_an_operation_by_its_number(tmp_path: Path) -> None:
    with (
        inject("busy at #3") as plan,
        closing(sqlite3.connect(tmp_path / "db", timeout=0)) as connection,
    ):
        connection.execute("CREATE TABLE t (x)")
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            connection.execute("INSERT INTO t VALUES (1)")
        connection.execute("INSERT INTO t VALUES (1)")
    assert plan.struck == (1,)


def test_each_thread_counts_by_itself(tmp_path: Path) -> None:
    errors: list[str] = []

    def work() -> None:
        with closing(sqlite3.connect(tmp_path / "db")) as connection:
            try:
                connection.execute("CREATE TABLE t (x)")
            except sqlite3.OperationalError as error:
                errors.append(str(error))

    with inject("full at #2 of thread 2"), closing(sqlite3.connect(tmp_path / "db")):
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    assert errors == ["database or disk is full"]


def test_a_survey_tells_the_numbers_and_why_nothing_can_strike(tmp_path: Path) -> None:
    with survey() as operations, closing(sqlite3.connect(tmp_path / "db")) as connection:
        connection.execute("CREATE TABLE t (x)")
        connection.commit()
        with closing(sqlite3.connect(":memory:")) as other:
            connection.backup(other)
    assert [f"{each.number} {each}" for each in operations][:4] == [
        "#1 connect",
        "#2 execute CREATE t",
        "#3 commit",
        "#4 connect",
    ]
    assert operations[2].refusal == "no transaction is open: commit has nothing to end"
    assert operations[4].refusal == "what a fault leaves of BACKUP was not measured"
    assert operations[1].refusal == ""


def test_the_open_transactions_of_a_block_are_told(tmp_path: Path) -> None:
    with inject("busy at main commit") as plan:
        connection = sqlite3.connect(tmp_path / "db", timeout=0, isolation_level=None)
        connection.execute("ATTACH ? AS other", (str(tmp_path / "other"),))
        connection.execute("CREATE TABLE t (x)")
        assert plan.connections.transactions() == []
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("INSERT INTO t VALUES (1)")
        with pytest.raises(sqlite3.OperationalError):
            connection.execute("COMMIT")
        assert plan.connections.transactions() == [connection]
        assert plan.connections.paths == [str(tmp_path / "db"), str(tmp_path / "other")]
        connection.close()
        assert list(plan.connections) == []


def test_a_fault_that_cannot_strike_at_its_point_strikes_nowhere(tmp_path: Path) -> None:
    told = "busy at main connect: cannot strike there, because connecting does not read the file"

    def connects() -> None:
        with inject("busy at main connect"), closing(sqlite3.connect(tmp_path / "db")) as made:
            made.execute("CREATE TABLE t (x)")  # is not struck in its place

    with pytest.raises(FaultNotInjectedError, match=told):
        connects()


def test_a_fault_need_not_spend_the_busy_timeout(tmp_path: Path) -> None:
    # With the timeout of a day the test would not end.
    with (
        inject(Strike.parse("busy at #2 until lifted"), waits=False),
        closing(sqlite3.connect(tmp_path / "db", timeout=86_400)) as connection,
    ):
        for _ in range(2):
            with pytest.raises(sqlite3.OperationalError, match="locked"):
                connection.execute("CREATE TABLE t (x)")


def test_a_lock_of_the_own_thread_is_not_waited_for(tmp_path: Path) -> None:
    with (
        inject(waits=False),
        closing(sqlite3.connect(tmp_path / "db", isolation_level=None)) as one,
        closing(sqlite3.connect(tmp_path / "db", timeout=86_400)) as two,
    ):
        one.execute("BEGIN IMMEDIATE")
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            two.execute("CREATE TABLE t (x)")
