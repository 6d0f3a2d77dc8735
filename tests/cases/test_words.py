"""Words that an adapter did not declare are its mistake, wherever they appear; no violation."""

from __future__ import annotations

from typing import Any

import pytest

HEAD = """
    import collections
    import queue
    import sqlite3
    from contextlib import closing
    from jobs import Jobs, JobsTarget
    from runfaults.model import Vocabulary

    class Stoppable(Jobs):
        # A cancel counts from its UPDATE on; done and error are recorded only after that.
        DONE, STOPPED = "done", "stopped"

        def __init__(self, database, work):
            super().__init__(database, work)
            self.heard = collections.defaultdict(queue.Queue)

        def _if_running(self, state, job):
            sql = "UPDATE jobs SET state = ? WHERE id = ? AND state = 'running'"
            while True:
                try:
                    with closing(self.connect()) as connection, connection:
                        return connection.execute(sql, (state, job)).rowcount == 1
                except sqlite3.OperationalError:
                    pass

        def cancel(self, run):
            return self._if_running("stopped", run)

        def run(self, job):
            try:
                with closing(self.connect()) as connection:
                    self.work(connection, job)
                state = "done"
            except Exception:
                state = "error"
            if not self._if_running(state, job):
                state = "stopped"
            self.heard[job].put({"done": self.DONE, "stopped": self.STOPPED}.get(state, state))
            self.heard[job].put(None)

    class Words(JobsTarget):
        jobs = Stoppable
        vocabulary = Vocabulary(
            active=frozenset({"running"}), completed=frozenset({"done"}),
            cancelled=frozenset({"stopped"}), failed=frozenset({"error"}),
        )
"""

DECLARED = "class Target(Words):\n        pass"
NO_WORD_FOR_CANCELLED = """
    class Target(Words):
        vocabulary = JobsTarget.vocabulary
"""
SIGNALS = """
    class Target(Words):
        class jobs(Stoppable):
            DONE = {word!r}

            def subscribe(self, run):
                return self.heard[run].get
"""
READS = """
    class Target(Words):
        class jobs(Stoppable):
            def status(self, run):
                with closing(self.connect()) as connection:
                    rows = connection.execute("SELECT state FROM jobs WHERE id = ?", (run,))
                    (state,) = rows.fetchone()
                return state{how}
"""

MISTAKES = {
    "a cancelled run": (NO_WORD_FOR_CANCELLED, "it recorded the status 'stopped'"),
    "a signal": (SIGNALS.format(word="completed"), "a subscriber was told 'completed'"),
    "a read": (READS.format(how=".upper()"), "a read was answered by 'STOPPED'"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_word_that_is_not_declared_is_told_before_anything_else(here: Any, name: str) -> None:
    program, told_of = MISTAKES[name]
    told = here.check(f"{HEAD}    {program.strip()}\n", "--bound", "0,1,0")
    assert told.code == 2, told.text
    assert told_of in told.text
    assert "which its vocabulary does not have; declared are" in told.text


@pytest.mark.parametrize("program", [DECLARED, SIGNALS.format(word="done"), READS.format(how="")])
def test_declared_words_are_judged(here: Any, program: str) -> None:
    told = here.check(f"{HEAD}    {program.strip()}\n", "--bound", "0,1,0")
    assert told.code == 0, told.text


LATE = """
    class Target(Words):
        class jobs(Stoppable):
            def _if_running(self, state, job):
                try:
                    with closing(self.connect()) as connection, connection:
                        connection.execute("UPDATE jobs SET state = ? WHERE id = ?", (state, job))
                except sqlite3.OperationalError:
                    with closing(self.connect()) as connection, connection:
                        connection.execute("UPDATE jobs SET state = 'odd' WHERE id = ?", (job,))
                return True
"""


def test_a_word_that_only_a_fault_shows_is_unknown(here: Any) -> None:
    told = here.check(f"{HEAD}    {LATE.strip()}\n", "--bound", "1,0,0")
    assert told.code == 3, told.text
    assert "it recorded the status 'odd'" in told.text


LEAKS = {
    "a text": "return ['job']",
    "a pair of others": "return [(1, 2)]",
    "nothing": "return None",
    "an error": "raise LookupError('no such thing')",
}


@pytest.mark.parametrize("name", LEAKS)
def test_what_leaks_says_must_be_pairs(here: Any, name: str) -> None:
    program = f"""
    class Target(Words):
        class jobs(Stoppable):
            def leaks(self):
                {LEAKS[name]}
    """
    told = here.check(f"{HEAD}    {program.strip()}\n")
    assert told.code == 2, told.text
    assert "the adapter's `leaks`" in told.text
    assert "it must yield pairs of texts: what, which" in told.text
