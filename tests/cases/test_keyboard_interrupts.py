"""Ctrl-C reaches the user's thread wherever Python would raise it; only safety is judged then."""

from __future__ import annotations

from typing import Any

import pytest

HEAD = """
    import sqlite3, threading
    from contextlib import closing
    from runfaults.model import Vocabulary
    from jobs import Jobs, JobsTarget

    class Guarded(Jobs):
        def record(self, connection, job, state):
            sql = "UPDATE jobs SET state = ? WHERE id = ? AND state = 'running'"
            connection.execute(sql, (state, job))
            connection.commit()

        def note(self, job, state):
            with closing(self.connect()) as connection:
                self.record(connection, job, state)
"""
TARGET = """
    class Target(JobsTarget):
        jobs = Changed
        vocabulary = Vocabulary(
            active=frozenset({"running"}),
            completed=frozenset({"done"}),
            cancelled=frozenset({"stopped"}),
            failed=frozenset({"error"}),
        )
        exempt = {"one-active-run": "jobs run side by side"}
"""
START = """
    class Changed(Guarded):
        def start(self):
            with closing(self.connect()) as connection:
                job = connection.execute("INSERT INTO jobs (state) VALUES ('running')").lastrowid
                connection.commit()
            thread = self.threads[job] = threading.Thread(target=self.run, args=(job,))
            try:
                thread.start()
                return job
            except BaseException:
                if {condition}:
                    self.note(job, "error")
                raise
"""
WAIT = """
    class Changed(Guarded):
        def wait(self, job):
            try:
                super().wait(job)
            except KeyboardInterrupt:
                self.note(job, {state!r})
                raise
"""
POLLS = """
    class Changed(Guarded):
        def __init__(self, database, work):
            super().__init__(database, work)
            self.closing = threading.Event()
            self.poller = threading.Thread(target=self.poll)
            self.poller.start()

        def poll(self):
            while not self.closing.wait(1.0):
                with closing(self.connect()) as connection:
                    connection.execute("SELECT count(*) FROM jobs").fetchone()

        def close(self):
            with closing(self.connect()) as connection:
                connection.execute("SELECT 'closing'").fetchone()
            self.closing.set()
            self.poller.join()
"""
CONDITION = """
    class Changed(Guarded):
        def __init__(self, database, work):
            super().__init__(database, work)
            self.changed, self.over = threading.Condition(), set()

        def run(self, job):
            super().run(job)
            with self.changed:
                self.over.add(job)
                self.changed.notify_all()

        def wait(self, job):
            with self.changed:
                self.changed.wait_for(lambda: job in self.over)
            super().wait(job)
"""

ONLY = ("--bound", "0,1,1", "--only", "keyboard-interrupt")


def test_a_start_that_calls_a_running_job_a_failure_is_found(here: Any) -> None:
    told = here.check(HEAD + START.format(condition="True") + TARGET, "--bound", "0,1,1")
    assert told.code == 1, told.text
    assert "schedule: pipeline succeeds; act keyboard-interrupt at user spawn run" in told.text
    assert "The user got KeyboardInterrupt" in told.text
    assert "The start raised KeyboardInterrupt." in told.text


def test_a_wait_that_does_so_is_found(here: Any) -> None:
    told = here.check(HEAD + WAIT.format(state="error") + TARGET, *ONLY)
    assert told.code == 1, told.text
    assert "succeeded-never-failed broken" in told.text


INNOCENT = {
    "a failure only where no thread was started": START.format(condition="thread.ident is None"),
    "a wait that cancels": WAIT.format(state="stopped"),
    "a poller that outlives an interrupted close": POLLS,
    "a condition that is waited for": CONDITION,
}


@pytest.mark.parametrize("twin", INNOCENT)
def test_innocent_twins(here: Any, twin: str) -> None:
    told = here.check(HEAD + INNOCENT[twin] + TARGET, *ONLY)
    assert told.code == 0, told.text
    assert "holds under all" in told.text


def test_what_has_to_come_is_not_judged_where_the_user_gave_up(here: Any) -> None:
    """A row that an interrupted start leaves is for the next process to recover."""
    here.write("t.py", HEAD + "\n    Changed = Guarded\n" + TARGET)
    here.write(
        "left.toml",
        """
        name = "left"
        symptom = "a row is left"
        target = "t.py:Target"

        [schedule]
        pipeline = "succeeds"

        [[act]]
        kind = "keyboard-interrupt"
        at = "user commit"
        """,
    )
    told = here.type("replay", "left.toml")
    assert told.code == 0, told.text
    assert "(no row) -> running" in told.text
    assert "-> done" not in told.text
