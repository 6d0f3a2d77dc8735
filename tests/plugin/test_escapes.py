"""Escape sequences in what a target, or a scenario, says are shown by pytest, not obeyed."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

LOUD = """\
from plain_manager import PlainManager, PlainTarget


class LoudManager(PlainManager):
    def cancel(self, run):
        print("\\x1b[1Aover")
        raise ValueError("\\x1b[2Jgone\\n::error::gone")


class Loud(PlainTarget):
    manager = LoudManager
"""
SCENARIO = """\
name = "loud"
symptom = "It \\u001b[2J clears the screen."
target = "loud.py:Loud"

[[act]]
kind = "cancel"
at = "run commit"
"""
TESTS = """\
import sqlite3

from runfaults.model import Schedule


def test_bench(bench):
    bench.run(Schedule.parse("pipeline succeeds; act cancel at run commit")).assert_holds()


def test_every_fault(every_fault, tmp_path):
    database = tmp_path / "a.db"
    with sqlite3.connect(database) as connection:
        connection.execute("CREATE TABLE t (c)")

    def write():
        connection = sqlite3.connect(database)
        try:
            for number in range(2):
                connection.execute("INSERT INTO t VALUES (?)", (number,))
                connection.commit()
        except sqlite3.Error as error:
            raise ValueError("\\x1b[2Jgone\\n::error::gone") from error

    every_fault(write)
"""


def test_they_are_spelt_out(pytester: pytest.Pytester) -> None:
    controls = Path(__file__).parents[1] / "controls"
    shutil.copy(controls / "plain_manager.py", pytester.path)
    pytester.makepyfile(loud=LOUD, test_loud=TESTS)
    (pytester.path / "loud.toml").write_text(SCENARIO)
    folder = "a b"
    result = pytester.runpytest_subprocess(
        *("test_loud.py", "loud.toml", "--runfaults-target", "loud.py:Loud"),
        *("--runfaults-save", folder, "--color=no", "-p", "no:cacheprovider"),
    )
    text = result.stdout.str()
    result.assert_outcomes(failed=3)
    assert r"\x1b[2Jgone" in text
    assert r"\x1b[1Aover" in text
    assert r"It \x1b[2J clears" in text
    assert "\x1b" not in text
    assert not any(line.strip().startswith("::error") for line in text.splitlines())
    assert re.search(rf"to reproduce: runfaults replay '[^']*{folder}/Loud[^']*\.toml'\n", text)


WRITING = """\
import os

from plain_manager import PlainManager, PlainTarget


class WritingManager(PlainManager):
    def cancel(self, run):
        os.write(1, b"\\nwritten\\n")
        raise ValueError("gone")


class Writing(PlainTarget):
    manager = WritingManager
"""


def test_to_save_what_failed_prints_nothing(pytester: pytest.Pytester) -> None:
    """Its schedules are played when pytest captures no more."""
    controls = Path(__file__).parents[1] / "controls"
    shutil.copy(controls / "plain_manager.py", pytester.path)
    pytester.makepyfile(writing=WRITING, test_writing=TESTS)
    result = pytester.runpytest_subprocess(
        *("test_writing.py::test_bench", "--runfaults-target", "writing.py:Writing"),
        *("--runfaults-save", "saved", "--color=no", "-p", "no:cacheprovider"),
    )
    result.assert_outcomes(failed=1)
    assert [*(pytester.path / "saved").glob("*.toml")]
    at_work, failures = result.stdout.str().split(" FAILURES ")
    assert "written" not in at_work
    assert "written" in failures  # as captured in the test
