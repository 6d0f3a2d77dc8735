"""`--runfaults-redact`: no value of the user's data is in what pytest tells of a target."""

from __future__ import annotations

from pathlib import Path

import pytest

SECRET = "Zoe-Miller"
JOBS = Path(__file__).parents[1] / "cases" / "jobs.py"
TARGET = """
import logging
import os
import sqlite3

from jobs import Jobs, JobsTarget

SECRET = "Zo" + "e-Miller"


class Talking(Jobs):
    def do(self, connection, job):
        os.write(1, SECRET.encode())
        print(SECRET)
        logging.error(SECRET)
        connection.execute(f"INSERT INTO owners VALUES ('{SECRET}')")
        super().do(connection, job)
        connection.commit()

    def record(self, connection, job, state):
        try:
            super().record(connection, job, state)
        except sqlite3.Error as error:
            raise ValueError(SECRET) from error


class Target(JobsTarget):
    jobs = Talking

    def prepare(self, database):
        super().prepare(database)
        with sqlite3.connect(database) as connection:
            connection.execute("CREATE TABLE owners (owner)")
        connection.close()


class Unprepared(Target):
    def prepare(self, database):
        raise ValueError(SECRET)
"""
TESTS = """
import pytest

from runfaults.model import Schedule

FAILS = Schedule.parse("pipeline succeeds; fault busy at run execute UPDATE jobs")


def test_a_schedule(bench):
    bench.run(FAILS).assert_holds()


def test_a_sweep(sweep):
    sweep.assert_holds()


def test_one_that_cannot_be_prepared():
    from runfaults.strategies import bench_for

    bench_for("target.py:Unprepared").run(FAILS)
"""
BANK = """
import sqlite3

import pytest


@pytest.fixture
def database(tmp_path):
    connection = sqlite3.connect(tmp_path / "bank.db", isolation_level=None)
    connection.execute("CREATE TABLE owners (owner)")
    yield connection
    connection.close()


def test_a_part_is_done(every_fault, database):
    def call():
        name = "Zo" + "e-Miller"
        try:
            database.execute("INSERT INTO owners VALUES (?)", (name,))
            database.execute("INSERT INTO owners VALUES (?)", (f"again {name}",))
        except sqlite3.Error as error:
            raise ValueError(name) from error
    every_fault(call, kinds="busy")


def test_another_answer(every_fault, database):
    database.execute("INSERT INTO owners VALUES (?)", ("Zo" + "e-Miller",))

    def call():
        try:
            return [name for name, in database.execute("SELECT owner FROM owners")]
        except sqlite3.Error:
            return []
    every_fault(call, kinds="busy")


def test_what_follows(every_fault, database):
    def call():
        try:
            database.execute("INSERT INTO owners VALUES (?)", ("x",))
        except sqlite3.Error:
            pass
    every_fault(call, kinds="busy")
"""


@pytest.fixture(autouse=True)
def project(pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]\naddopts = -p no:cacheprovider\n")
    pytester.makepyfile(jobs=JOBS.read_text(), target=TARGET, test_jobs=TESTS, test_bank=BANK)


def told(pytester: pytest.Pytester, *options: str) -> str:
    """All that pytest prints and writes of tests that fail."""
    bound = ("--runfaults-bound", "1,0,0", "--junitxml", "junit.xml")
    result = pytester.runpytest_subprocess(
        "--runfaults-save", "saved", "--runfaults-target", "target.py:Target", *bound, *options
    )
    assert result.ret == 1
    result.assert_outcomes(failed=6)
    saved = sorted((pytester.path / "saved").glob("*.toml"))
    assert saved
    written = [(pytester.path / "junit.xml"), *saved]
    return "\n".join(
        (result.stdout.str(), result.stderr.str(), *(path.read_text() for path in written))
    )


def test_no_value_is_told(pytester: pytest.Pytester) -> None:
    text = told(pytester, "--runfaults-redact")
    assert SECRET not in text
    assert text.count("ValueError: (redacted)") > 2
    assert "+ (redacted)" in text
    assert "without a fault it returns (redacted)" in text


def test_the_same_without_it_has_the_value(pytester: pytest.Pytester) -> None:
    """A twin: the test above would find it."""
    text = told(pytester)
    for said in (f"ValueError: {SECRET}", f"+ ('{SECRET}',)", f"returns ['{SECRET}']"):
        assert said in text


@pytest.mark.parametrize(
    ("file", "setting"),
    [
        ("pytest.ini", "[pytest]\nrunfaults_redact = true\n"),
        ("pyproject.toml", "[tool.runfaults]\nredact = true\ntarget = 'target.py:Target'\n"),
    ],
)
def test_a_project_may_ask_for_it(file: str, setting: str, pytester: pytest.Pytester) -> None:
    (pytester.path / file).write_text(setting)
    tested = ("--runfaults-target", "target.py:Target", "-k", "a_schedule or a_part")
    result = pytester.runpytest_subprocess(*tested)
    result.assert_outcomes(failed=2)
    assert SECRET not in result.stdout.str()


def test_the_target_of_the_project_is_tested(pytester: pytest.Pytester) -> None:
    (pytester.path / "pyproject.toml").write_text("[tool.runfaults]\ntarget = 'target.py:Target'\n")
    pytester.makepyfile(
        test_jobs="def test(runfaults_target): assert runfaults_target == 'target.py:Target'"
    )
    pytester.runpytest_subprocess("test_jobs.py").assert_outcomes(passed=1)
