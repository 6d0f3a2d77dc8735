"""A connection that the target leaves to the garbage collector is a remark, and no violation."""

from __future__ import annotations

import re
from typing import Any

import pytest

HEAD = """
    import contextlib
    from jobs import Jobs, JobsTarget

    class Target(JobsTarget):
        class jobs(Jobs):
"""
LEAVES = {
    "by its last reference": """
            def do(self, connection, job):
                self.connect().execute("SELECT 1")
                self.work(connection, job)
    """,
    "in a cycle": """
            def do(self, connection, job):
                kept = [self.connect()]
                kept.append(kept)
                self.work(connection, job)
    """,
}
CLOSES = """
            def do(self, connection, job):
                with contextlib.closing(self.connect()) as another:
                    another.execute("SELECT 1")
                self.work(connection, job)
"""


@pytest.mark.parametrize("program", LEAVES.values(), ids=LEAVES)
def test_it_is_told_where_it_was_opened(here: Any, program: str) -> None:
    told = here.check(HEAD + program)
    assert told.code == 0
    assert "a connection was not closed, but left to the garbage collector" in told.text
    assert re.search(r"jobs.py:\d+ in connect: return sqlite3.connect\(", told.text)
    assert "more places" not in told.text


def test_all_places_are_counted(here: Any) -> None:
    told = here.check(
        HEAD.replace("import contextlib", "import sqlite3")
        + LEAVES["in a cycle"]
        + """
            def record(self, connection, job, state):
                sqlite3.connect(self.database).execute("SELECT 1")
                super().record(connection, job, state)
    """
    )
    assert "so were others, opened at 1 more place" in told.text


def test_of_what_is_closed_nothing_is_told(here: Any) -> None:
    told = here.check(HEAD + CLOSES)
    assert told.code == 0
    assert "garbage collector" not in told.text
