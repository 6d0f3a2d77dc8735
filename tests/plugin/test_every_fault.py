from __future__ import annotations

import pytest

BANK = """
import sqlite3
from contextlib import closing

import pytest


@pytest.fixture
def database(tmp_path):
    path = tmp_path / "bank.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE accounts (name TEXT PRIMARY KEY, balance INT, at TEXT)")
        connection.execute("CREATE TABLE log (at TEXT)")
        connection.execute("INSERT INTO log VALUES (1)")
        connection.execute("INSERT INTO accounts VALUES ('a', 100, random()), ('b', 0, random())")
        connection.commit()
    return path


def total(path):
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("SELECT sum(balance) FROM accounts").fetchone()[0]


def transfer(path):
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE accounts SET balance = balance - 10 WHERE name = 'a'")
        connection.execute("UPDATE accounts SET balance = balance + 10 WHERE name = 'b'")


opened = []


@pytest.fixture(autouse=True)
def closed():
    yield
    while opened:
        opened.pop().close()


class Bank:
    def __init__(self, path):
        self.connection = sqlite3.connect(path)
        opened.append(self.connection)

    def transfer(self):
        self.connection.execute("UPDATE accounts SET balance = balance - 10 WHERE name = 'a'")
        self.connection.commit()
"""


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Run:
    pytester.makeini(
        """
        [pytest]
        addopts = --strict-markers -p no:cacheprovider
        filterwarnings =
            error
            ignore::ResourceWarning
        """
    )
    monkeypatch.setenv("COLUMNS", "200")
    return Run(pytester)


class Run:
    def __init__(self, pytester: pytest.Pytester) -> None:
        self._pytester = pytester

    def __call__(self, test: str, *options: str) -> pytest.RunResult:
        self._pytester.makepyfile(test_bank=BANK + test)
        return self._pytester.runpytest_inprocess("-p", "no:xdist", *options)


RIGHT = """
def test_transfer(database, every_fault):
    every_fault(lambda: transfer(database), kinds="busy full ioerr-write")
    assert total(database) == 100
"""

WRONG = """
def test_transfer(database, every_fault):
    bank = Bank(database)
    print("said in each of the runs")
    every_fault(bank.transfer, kinds="busy")
"""


def test_a_right_call_bears_them_all(run: Run) -> None:
    result = run(RIGHT)
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(
        ["*= every fault =*", "test_bank.py::test_transfer: * faults at 3 operations: none broken"]
    )


def test_a_wrong_one_is_one_failure_with_a_line_that_brings_it_back(run: Run) -> None:
    result = run(WRONG)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "every_fault: 2 faults at 2 operations: 1 broken",
            "1. a transaction is left open: no other connection can write to *bank.db",
            "   fault: busy: database is locked: *",
            "   at operation #2: commit",
            "     *test_bank.py:* in transfer: self.connection.commit()",
            "   to reproduce: pytest test_bank.py::test_transfer --every-fault='busy at #2'",
            "not compared, because it differs between clean runs: accounts.at",
        ]
    )
    assert result.stdout.str().count("said in each of the runs") == 0


def test_that_line_tries_the_one_fault(run: Run) -> None:
    result = run(WRONG, "--every-fault=busy at #2")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["every_fault: 1 fault at 1 operation: 1 broken"])


def test_another_fault_passes(run: Run) -> None:
    run(WRONG, "--every-fault=busy at #1").assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("what", "told"),
    [
        ("busy at #9", "busy at #9: the clean run performs 2 operations, and none of them is #9"),
        ("locked at #1", "locked at #1: at execute UPDATE accounts can strike: *busy*"),
    ],
)
def test_a_fault_that_cannot_strike_is_no_pass(run: Run, what: str, told: str) -> None:
    result = run(WRONG, f"--every-fault={what}")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([f"*{told}"])


def test_a_sample_is_drawn(run: Run) -> None:
    result = run(RIGHT, "--every-fault=sample:3")
    result.stdout.fnmatch_lines(["*test_transfer: 3 faults at * none broken"])


def test_a_budget_that_is_spent_is_told(run: Run) -> None:
    result = run(RIGHT, "--every-fault-budget=0.000001s")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*the time limit was reached before any fault was tried"])


@pytest.mark.parametrize("option", ["--every-fault=busy at 3", "--every-fault=sample:no"])
def test_an_option_that_cannot_be_read_is_wrong_usage(run: Run, option: str) -> None:
    result = run(RIGHT, option)
    assert result.ret == pytest.ExitCode.USAGE_ERROR


def test_each_run_has_fresh_fixtures_and_wider_ones_are_kept(run: Run) -> None:
    result = run(
        """
made = []


@pytest.fixture(scope="module")
def kept():
    made.append("kept")


@pytest.fixture
def fresh(kept):
    made.append("fresh")


def test_transfer(database, every_fault, fresh):
    every_fault(lambda: transfer(database), kinds="busy")


def test_later(kept):
    assert made.count("kept") == 1
    assert made.count("fresh") > 3
"""
    )
    result.assert_outcomes(passed=2)


def test_the_tests_own_assertions_hold_in_each_run_whose_call_returned(run: Run) -> None:
    result = run(
        """
def transfer_or_not(path):
    try:
        transfer(path)
    except sqlite3.Error:
        return False
    return True


def test_knows(database, every_fault, fault):
    moved = every_fault(lambda: transfer_or_not(database), kinds="busy")
    assert moved or fault.kind == "busy"


def test_does_not_know(database, every_fault):
    assert every_fault(lambda: transfer_or_not(database), kinds="busy")
"""
    )
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        ["1. the test's own assertion fails", "   *assert False", "   at *test_bank.py:*"]
    )


def test_what_fails_without_a_fault_fails_in_its_own_words(run: Run) -> None:
    result = run(
        """
def test_wrong(database, every_fault):
    every_fault(lambda: transfer(database))
    assert total(database) == 99


def test_raises(every_fault):
    every_fault(lambda: 1 / 0)


def test_skipped(every_fault):
    pytest.skip("not today")


@pytest.mark.xfail(strict=True)
def test_known_error(database, every_fault):
    assert every_fault(lambda: transfer(database))


flaky = []


def test_flaky(database, every_fault):
    every_fault(lambda: transfer(database))
    flaky.append(1)
    assert len(flaky) > 1


@pytest.mark.xfail(strict=True)
def test_known(database, every_fault):
    bank = Bank(database)
    every_fault(bank.transfer, kinds="busy")
"""
    )
    result.assert_outcomes(failed=3, skipped=1, xfailed=2)
    result.stdout.fnmatch_lines(
        ["E   *assert 100 == 99", "E   ZeroDivisionError: *", "*failed once: *assert 1 > 1*"]
    )


@pytest.mark.parametrize(
    ("test", "told"),
    [
        ("pass", "the test asks for every_fault and never calls it"),
        ("every_fault(lambda: None)", "*the call performed no operation*"),
        (
            "c = sqlite3.connect(':memory:'); every_fault(lambda: c.execute('CREATE TABLE t (x)'))",
            "*none of the call's 1 operations can fail: they are on databases in memory*",
        ),
        (
            "every_fault(lambda: transfer(database)); every_fault(lambda: transfer(database))",
            "*every_fault was called twice in one test*",
        ),
        (
            "c = Bank(database).connection; c.execute('DELETE FROM log'); every_fault(c.commit)",
            "*a transaction is open on *bank.db when the call begins*TransactionTestCase*",
        ),
        (
            "c = Bank(database).connection; every_fault(lambda: c.execute('DELETE FROM log'))",
            "*the call leaves its transaction open*",
        ),
        ("every_fault(lambda: (each for each in 'ab'))", "*the call returned a generator*"),
        ("every_fault(lambda: transfer(database), kinds='locked')", "*none of locked can strike*"),
        ("every_fault(lambda: transfer(database), kinds='bsy')", "*no fault kind 'bsy'*"),
    ],
)
def test_what_cannot_be_judged_is_no_pass(run: Run, test: str, told: str) -> None:
    result = run(f"\ndef test_transfer(database, every_fault):\n    {test}\n")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([told])


def test_a_database_that_all_runs_share_cannot_be_judged(run: Run) -> None:
    result = run(
        """
@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    path = tmp_path_factory.mktemp("shared") / "bank.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE accounts (name TEXT PRIMARY KEY, balance INT)")
        connection.execute("INSERT INTO accounts VALUES ('a', 100), ('b', 0)")
        connection.commit()
    return path


def test_transfer(shared, every_fault):
    every_fault(lambda: transfer(shared))
"""
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*a run begins with what an earlier one has left in *bank.db*"])


def test_a_time_of_the_fixture_is_not_what_an_earlier_run_has_left(run: Run) -> None:
    result = run(
        """
@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    return tmp_path_factory.mktemp("shared") / "bank.db"


@pytest.fixture
def row(shared):
    with closing(sqlite3.connect(shared)) as connection, connection:
        connection.execute("CREATE TABLE IF NOT EXISTS notes (text, at)")
        connection.execute("DELETE FROM notes")
        connection.execute("INSERT INTO notes VALUES ('old', random())")


def test_update(shared, row, every_fault):
    def call():
        with closing(sqlite3.connect(shared)) as connection, connection:
            connection.execute("UPDATE notes SET text = 'new', at = random()")

    every_fault(call, kinds="likely")
"""
    )
    result.assert_outcomes(passed=1)


def test_subtests_of_the_repetitions_are_not_reported_and_theirs_are_findings(run: Run) -> None:
    result = run(
        """
def test_right(database, every_fault, subtests):
    every_fault(lambda: transfer(database), kinds="busy")
    for number in range(2):
        with subtests.test(number=number):
            assert total(database) == 100


def test_wrong(database, every_fault, subtests):
    def call():
        try:
            transfer(database)
        except sqlite3.Error:
            return False
        return True

    every_fault(call, kinds="busy")
    with subtests.test("the balance"):
        with closing(sqlite3.connect(database)) as connection:
            sql = "SELECT balance FROM accounts WHERE name = 'b'"
            assert connection.execute(sql).fetchone() == (10,)
"""
    )
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.no_fnmatch_line("*SUBFAIL*")
    result.stdout.fnmatch_lines(["1. the test's own assertion fails"])
    told = [line for line in result.outlines if "test_right: " in line]
    assert len(told) == 1
    assert told[0].endswith("none broken")


def test_a_coroutine_is_refused_and_its_loop_is_struck(run: Run) -> None:
    result = run(
        """
import asyncio


async def work(path):
    await asyncio.to_thread(transfer, path)


def test_forgotten(database, every_fault):
    every_fault(lambda: work(database))


def test_run(database, every_fault):
    every_fault(lambda: asyncio.run(work(database)), kinds="busy")
"""
    )
    result.assert_outcomes(failed=1, passed=1)
    result.stdout.fnmatch_lines(["*the call returned an awaitable*"])


def test_a_teardown_that_fails_or_hangs_behind_a_fault_is_found(run: Run) -> None:
    result = run(
        """
import threading


class Broken:
    failed = False

    def transfer(self, path):
        try:
            transfer(path)
        except sqlite3.Error:
            self.failed = True
            raise


@pytest.fixture
def hangs():
    it = Broken()
    yield it
    if it.failed:
        threading.Lock().acquire() and threading.Event().wait()


@pytest.fixture
def fails():
    it = Broken()
    yield it
    assert not it.failed


def test_fails(database, every_fault, fails):
    every_fault(lambda: fails.transfer(database), kinds="busy")


def test_hangs(database, every_fault, hangs):
    every_fault(lambda: hangs.transfer(database), kinds="busy", patience=0.2)
""",
        "--every-fault=busy at #2",
    )
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(["1. the teardown fails", "*assert not True*"])
    result.stdout.fnmatch_lines(
        ["1. the teardown fails", "   Failed: it waited for 0.6 s without an operation*"]
    )


def test_a_remote_fault_alone_is_told_and_fails_no_test(run: Run) -> None:
    test = """
def test_transfer(database, every_fault):
    bank = Bank(database)

    def transfer():
        try:
            bank.transfer()
        except sqlite3.Error:
            bank.connection.rollback()
            raise

    every_fault(transfer{kinds})
"""
    result = run(test.format(kinds=""))
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["*test_transfer: * broken, all of them remote: 'nomem at #2'"])
    run(test.format(kinds=", kinds='all'")).assert_outcomes(failed=1)
    run(test.format(kinds=""), "--every-fault=nomem at #2").assert_outcomes(failed=1)


def test_a_marked_test_has_to_end_and_to_leave_no_lock(run: Run) -> None:
    result = run(
        """
@pytest.mark.every_fault(kinds="busy")
def test_right(database):
    transfer(database)
    transfer(database)
    assert total(database) == 100


@pytest.mark.every_fault("busy")
def test_wrong(database, keeper):
    keeper.append(Bank(database))
    keeper[0].transfer()


@pytest.fixture
def keeper():
    return []
"""
    )
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["1. a transaction is left open: *", "*test_right: * none broken"])


def test_a_unittest_class_cannot_be_marked_and_skipping_is_no_failure(run: Run) -> None:
    result = run(
        """
import unittest


@pytest.mark.every_fault
class TestOld(unittest.TestCase):
    def test_old(self):
        pass


@pytest.mark.every_fault
def test_skipped():
    pytest.skip("not today")


def test_hidden(request):
    request.getfixturevalue("every_fault")(lambda: None)
"""
    )
    result.assert_outcomes(failed=2, skipped=1)
    result.stdout.fnmatch_lines(["*not a unittest.TestCase", "E *name `every_fault` as an arg*"])


def test_a_connection_of_before_the_test_is_refused(run: Run) -> None:
    result = run(
        """
@pytest.fixture(scope="module")
def bank(tmp_path_factory):
    path = tmp_path_factory.mktemp("shared") / "bank.db"
    bank = Bank(path)
    opened.clear()
    with bank.connection:
        bank.connection.execute("CREATE TABLE accounts (name, balance)")
        bank.connection.execute("INSERT INTO accounts VALUES ('a', 1)")
    yield bank
    bank.connection.close()


def test_before(bank):
    pass


def test_transfer(bank, database, every_fault):
    def both():
        bank.transfer()
        transfer(database)

    every_fault(both)
"""
    )
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        ["*the call writes to *bank.db on a connection that was opened before the test*"]
    )


@pytest.mark.nightly
def test_workers_of_xdist_tell_what_they_tried(
    run: Run, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytester.makepyfile(test_bank=BANK + RIGHT)
    result = pytester.runpytest_subprocess("-n", "1")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["test_bank.py::test_transfer: * none broken"])


def test_without_the_plugin_there_is_no_trace(run: Run, pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_bank=BANK + RIGHT)
    result = pytester.runpytest_subprocess("-p", "no:runfaults")
    result.stdout.fnmatch_lines(["*fixture 'every_fault' not found*"])
