"""The usual mistakes of an adapter are exit code 2, with its line; a runner's defects are 1."""

from __future__ import annotations

from typing import Any

import pytest

PROGRAM = """
    import sqlite3
    import threading
    from contextlib import closing
    from functools import partial
    from runfaults.targets import Adapter, Audit, Vocabulary

    KEPT = {}
    connect = partial(sqlite3.connect, check_same_thread=False)

    class Runner:
        def __init__(self, database, function):
            self.database, self.function = database, function

        def submit(self):
            with closing(sqlite3.connect(self.database)) as connection, connection:
                job = connection.execute("INSERT INTO jobs (state) VALUES ('new')").lastrowid
            threading.Thread(target=self.run, args=(job,)).start()
            return job

        def run(self, job):
            with closing(sqlite3.connect(self.database)) as connection:
                try:
                    self.function(connection, job)
                    state = "done"
                except Exception:
                    connection.rollback()
                    state = "error"
                self.record(connection, job, state)

        def record(self, connection, job, state):
            connection.execute("UPDATE jobs SET state = ? WHERE id = ?", (state, job))
            connection.commit()

    class Target(Adapter):
        schema = "CREATE TABLE jobs (id INTEGER PRIMARY KEY, state TEXT, owner TEXT)"
        audit = Audit("jobs", key="id", status="state")
        vocabulary = Vocabulary.of("new", "done", "error")
        exempt = {"one-active-run": "jobs run side by side"}

        def begin(self, database, work):
            self.runner = Runner(database, work)

        def start(self):
            return self.runner.submit()
"""

ELSEWHERE = """
    def here(database):
        other = database.with_name("other.db")
        with closing(sqlite3.connect(other)) as connection:
            connection.executescript("DROP TABLE IF EXISTS jobs;" + Target.schema)
        return other
"""

PREPARES = """def prepare(self, database):
            super().prepare(database)
            self.kept = sqlite3.connect(database)
            self.kept.execute("PRAGMA journal_mode = wal")
            self.kept.execute("SELECT * FROM jobs").fetchall()

        """

OPENS = "self.runner = Runner(database, work)"
STARTS = "return self.runner.submit()"
AUDITS = 'Audit("jobs", key="id", status="state")'
WORDS = 'Vocabulary.of("new", "done", "error")'

MISTAKES = {
    "work is never called": (
        (OPENS, "self.runner = Runner(database, lambda connection, job: None)"),
        ("the work was never done: `begin` (", "target.py:40) must make the target call `work`"),
    ),
    "it is called inside of start": (
        (STARTS, "self.runner.function(None, 1); return self.runner.submit()"),
        ("the work was done inside of `start` (", "target.py:43), by the thread that called it"),
    ),
    "another id": (
        (STARTS, "return self.runner.submit() + 6"),
        ("start answered 7, yet the audit saw run 1: `start` (", "target.py:43)"),
    ),
    "no id": (
        (STARTS, "self.runner.submit()"),
        ("start answered None, yet the audit saw run 1: `start` (", "target.py:43)"),
    ),
    "another column of the status": (
        (AUDITS, 'Audit("jobs", key="id", status="owner")'),
        ("start answered 1, yet the audit saw no status: does `audit` (", "target.py:36)"),
    ),
    "no column": (
        (AUDITS, 'Audit("jobs", key="id", status="stat")'),
        ("`audit` (", "target.py:36) cannot be used: no such column: NEW.stat"),
    ),
    "another column of the id": (
        (AUDITS, 'Audit("jobs", key="state", status="state")'),
        ("start answered 1, yet the audit saw run 'new'", "`audit` (", "target.py:36)"),
    ),
    "another database": (
        (OPENS, "self.runner = Runner(here(database), work)"),
        ("the audit saw no status", "It opened ", "other.db at ", "other.db at "),
    ),
    "a word is missing": (
        (WORDS, 'Vocabulary.of("new", "finished", "error")'),
        ("it recorded the status 'done'", "declared are error, finished, new"),
    ),
    "no words": (
        (WORDS, "Vocabulary.of()"),
        ("target.py:37): it declares no words", 'Vocabulary.of(active="new", completed="done"'),
    ),
    "a word twice": (
        (WORDS, 'Vocabulary.of("new", "done", "done")'),
        ("`vocabulary` has 'done' in two sorts",),
    ),
    "start is missing": (
        ("def start(self)", "def begins(self)"),
        ("target target.py:Target cannot be made", "abstract method", "start"),
    ),
    "audit is missing": (
        ("audit = Audit", "audits = Audit"),
        ("it has no `audit`, which must be an Audit",),
    ),
    "a method raises": (
        (OPENS, "self.runner = Runer(database, work)"),
        ("open raised NameError: name 'Runer' is not defined at ", "target.py:41 in begin"),
    ),
    "no table": (
        ('"CREATE TABLE jobs (', '"CREATE TABLE job ('),
        ("`audit` (", "target.py:36) cannot be used: no such table: main.jobs"),
    ),
    "prepare leaves a connection open": (
        ("def begin(", PREPARES + "def begin("),
        ("`prepare` (", "target.py:40) leaves a connection to the database open"),
    ),
    "a method takes too little": (
        (
            "def start(self)",
            "def cancel(self):\n            return True\n\n        def start(self)",
        ),
        ("`cancel` (", "target.py:43) is cancel(self), and is called as cancel(run)"),
    ),
    "a method is a coroutine": (
        ("def start(self)", "async def start(self)"),
        ("`start` (", "target.py:43) is a coroutine, and is called as start()"),
    ),
    "what opens it is a generator": (
        (OPENS, OPENS + "; yield"),
        ("`begin` (", "target.py:40) is a generator, and is called as begin(database, work)"),
    ),
    "a method of its own is called open": (
        (
            "def start(self)",
            "async def open(self, a, b):\n            pass\n\n        def start(self)",
        ),
        ("`open` (", "target.py:43) is a coroutine, and replaces `open` of the base Adapter"),
    ),
    "what calls the work raises": (
        (OPENS, "self.runner = Runner(database, lambda c, job: work(c, job.id))"),
        ("the work was never done", "recorded was: new, error; does what calls it raise?"),
    ),
    "the words are the wrong way round": (
        (WORDS, 'Vocabulary.of("new", "error", "done")'),
        ("it recorded 'done' where the work succeeded", "target.py:37) has them the wrong way"),
    ),
    "every run has one key": (
        (AUDITS, 'Audit("jobs", key="1", status="state")'),
        ("where two runs were started: start answered 2, yet the audit saw run 1",),
    ),
    "a cancel answers something else": (
        (
            "def start(self)",
            "def cancel(self, run):\n            return 'yes'\n\n        def start(self)",
        ),
        ("`cancel` (", "target.py:43) answered yes; it must answer True (accepted)"),
    ),
    "a subscription answers no function": (
        (
            "def start(self)",
            "def subscribe(self, run):\n            pass\n\n        def start(self)",
        ),
        ("`subscribe` answered None; it must return a function",),
    ),
    "a package is not installed": (
        ("def start(self)", "packages = ('nosuchpackage',)\n\n        def start(self)"),
        ("`packages` (", "target.py:43) is ('nosuchpackage',); it must be a tuple of names of"),
    ),
    "no SQL in the schema": (
        ("owner TEXT)", "owner TEXT"),
        ("prepare: raised OperationalError: incomplete input (", "target.py:35); it must create"),
    ),
    "it is made with an argument": (
        ("def begin(", "def __init__(self, path):\n            pass\n\n        def begin("),
        ("missing 1 required positional argument: 'path' (", "target.py:40); it is called"),
    ),
    "what opens it takes too little": (
        ("def begin(self, database, work)", "def begin(self, database)"),
        ("open raised TypeError: ", "but 3 were given (", "target.py:40); it must work"),
    ),
    "an exemption without a reason": (
        ('"jobs run side by side"', '""'),
        ("`exempt` (", "target.py:38) is {'one-active-run': ''}; it must be a dict: why"),
    ),
    "a task's name that is no tuple": (
        ("def start(self)", "cancellable = 'Jobs.run'\n\n        def start(self)"),
        ("`cancellable` (", "target.py:43) is 'Jobs.run'; it must be a tuple of qualified names"),
    ),
    "two letters are exchanged": (
        (
            "def start(self)",
            "def cancle(self, run):\n            return True\n\n        def start(self)",
        ),
        ("`cancle` (", "target.py:43) is never called; did you mean `cancel`?"),
    ),
    "a letter is missing": (
        ("def start(self)", "def wit(self, run):\n            pass\n\n        def start(self)"),
        ("`wit` (", "target.py:43) is never called; did you mean `wait`?"),
    ),
    "a connection is kept in the process": (
        (
            "with closing(sqlite3.connect(self.database)) as connection:",
            "with KEPT.setdefault(0, connect(self.database)) as connection:",
        ),
        ("used a connection at ", "was opened before this schedule began", "`reset` forget"),
    ),
    "no schema": (
        ("schema = ", "sql = "),
        ("`audit` (", "target.py:36) cannot be used: no such table: main.jobs"),
    ),
}

DEFECTS = {
    "the work is done twice": (
        ("self.function(connection, job)\n", "[self.function(connection, job) for _ in 'ab']\n"),
        "work-done-once",
    ),
    "a status is never written": (
        ("self.record(connection, job, state)", "pass"),
        "eventually-terminal",
    ),
    "an exception is swallowed": (('state = "error"', 'state = "done"'), "failed-has-a-cause"),
    "a record is taken back": (
        ("connection.commit()", "connection.rollback()"),
        "eventually-terminal",
    ),
    "success is recorded as failure": (
        ("self.function(connection, job)\n", "self.function(connection, job); 1 / 0\n"),
        "succeeded-never-failed",
    ),
}


def changed(old: str, new: str) -> str:
    assert PROGRAM.count(old) >= 1
    return PROGRAM.replace(old, new) + ELSEWHERE * ("here(" in new)


def test_as_it_is_it_holds(here: Any) -> None:
    told = here.check(PROGRAM)
    assert told.code == 0, told.text


@pytest.mark.parametrize(("change", "words"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_of_the_adapter(
    here: Any, change: tuple[str, str], words: tuple[str, ...]
) -> None:
    told = here.check(changed(*change))
    assert told.code == 2, told.text
    for each in words:
        assert each in told.text


@pytest.mark.parametrize(("change", "rule"), DEFECTS.values(), ids=DEFECTS)
def test_a_defect_of_the_runner(here: Any, change: tuple[str, str], rule: str) -> None:
    told = here.check(changed(*change), "--pipeline", "succeeds", "--pipeline", "raises")
    assert told.code == 1, told.text
    assert rule in told.text


TAKEN = """\
connection.execute("BEGIN IMMEDIATE")
                    self.function(connection, job)
                    connection.execute("UPDATE jobs SET state = 'done' WHERE id = ?", (job,))
                    connection.execute("COMMIT")
                    return
"""


def test_work_does_not_commit_a_transaction_that_the_system_has_begun(here: Any) -> None:
    held = changed("self.function(connection, job)\n", TAKEN)
    told = here.check(held, "--pipeline", "succeeds", "--pipeline", "raises")
    assert told.code == 0, told.text
    assert "the work succeeded: new, done" in here.check(held, "--explain").text


def test_what_was_understood_is_explained(here: Any) -> None:
    told = here.check(PROGRAM, "--explain")
    assert told.code == 0
    for words in (
        "target target, as its clean runs show it",
        "state in a row of jobs, whose run is id",
        'Vocabulary.of(active="new", completed="done", failed="error")',
        "the work succeeded: new, done; it raised: new, error",
        "is done in the thread run, with a connection and the run's id; without a way to see",
        (
            "again, again-and-again, keyboard-interrupt, clock-back, clock-forward, "
            "process-starts; no method for"
        ),
        "not one-active-run: jobs run side by side",
    ):
        assert words in told.text
