"""What a target holds more of after each run is a leak, though it is tidied up at the very end."""

from __future__ import annotations

from typing import Any

import pytest

from runfaults.model import Schedule, Verdict
from runfaults.oracle.judge import judge
from runfaults.sim.simulation import Simulation
from runfaults.targets import target_named

HEAD = """
    import queue
    import threading
    from jobs import Jobs, JobsTarget

    class Target(JobsTarget):
        class jobs(Jobs):
            def __init__(self, database, work):
                super().__init__(database, work)
                self.kept, self.wake, self.lock = [], threading.Event(), threading.Lock()

            def close(self):
                self.wake.set()
                for each in self.kept:
                    each.join() if hasattr(each, "join") else each.close()

            def record(self, connection, job, state):
                super().record(connection, job, state)
                self.after(job)
"""
LEAKS = {
    "connection": """
            def after(self, job):
                self.kept.append(self.connect_anywhere())

            def connect_anywhere(self):
                import sqlite3
                return sqlite3.connect(self.database, check_same_thread=False)
    """,
    "thread": """
            def after(self, job):
                self.kept.append(threading.Thread(target=self.wake.wait))
                self.kept[-1].start()
    """,
    "lock": """
            def after(self, job):
                own = threading.Lock()
                own.acquire()
                self.threads[-job] = own
    """,
}
NO_LEAKS = {
    "a pool of eight": """
            def after(self, job):
                import sqlite3
                if len(self.kept) < 8:
                    self.kept.append(sqlite3.connect(self.database, check_same_thread=False))
    """,
    "one for all": """
            def after(self, job):
                if not self.kept:
                    self.kept.append(threading.Thread(target=self.wake.wait))
                    self.kept[-1].start()
    """,
    "closed at the next run": """
            def after(self, job):
                import sqlite3
                while self.kept:
                    self.kept.pop().close()
                self.kept.append(sqlite3.connect(self.database, check_same_thread=False))
    """,
    "a list of what was closed": """
            def after(self, job):
                import sqlite3
                self.kept.append(sqlite3.connect(self.database, check_same_thread=False))
                self.kept[-1].close()
    """,
}


@pytest.mark.parametrize("sort", LEAKS)
def test_what_grows_with_each_run_is_a_leak(here: Any, sort: str) -> None:
    told = here.check(HEAD + LEAKS[sort], "--bound", "0,1,0")
    assert told.code == 1, told.text
    assert f"{sort} one more for each run that has ended" in told.text or sort == "lock"
    assert "it recorded 16 more runs as done" in told.text or sort == "lock"
    assert here.run("replay", ".runfaults/Target-nothing-leaks.toml").code == 1


@pytest.mark.parametrize("program", NO_LEAKS.values(), ids=NO_LEAKS)
def test_what_does_not_is_none(here: Any, program: str) -> None:
    told = here.check(HEAD + program, "--bound", "0,1,0")
    assert told.code == 0, told.text
    assert "many runs in one life, one after the other" in told.text


def test_it_is_left_out_where_another_act_is_asked_for(here: Any) -> None:
    told = here.check(HEAD + NO_LEAKS["one for all"], "--bound", "0,1,0", "--only", "start")
    assert "many runs in one life" not in told.text or ": 0 run" in told.text


def test_the_lost_work_of_one_run_is_not_laid_to_another() -> None:
    schedule = Schedule.parse(
        "pipeline leaves-transaction-open; fault ioerr-write at run commit #3; "
        "act again at user reach settled"
    )
    with Simulation(target_named("genglossary")) as simulation:
        execution = simulation.play(schedule)
    assert not execution.unreached
    broken = [each for each in judge(execution.history) if each.verdict is Verdict.BROKEN]
    assert broken == []
    assert sum(event.subject == "lost" for event in execution.history.events) == 1


REOPENED = """
    from jobs import Jobs, JobsTarget

    class Process:
        closed = False

    class Target(JobsTarget):
        class jobs(Jobs):
            closed = False

            def start(self):
                if {where}.closed:
                    raise RuntimeError("it is closed")
                return super().start()

            def close(self):
                {where}.closed = True

        def open(self, database, work):
            if work is not vars(self).get("work"):
                self.work, Process.closed = work, False
            return super().open(database, work)
"""
TOLD = """
    import queue
    import threading
    from runfaults.model import Vocabulary
    from jobs import Jobs, JobsTarget

    class Target(JobsTarget):
        vocabulary = Vocabulary.of(("running",), "done", "error", "stopped")

        class jobs(Jobs):
            def __init__(self, database, work):
                super().__init__(database, work)
                self.lock = threading.Lock()
                self.waiting, self.ended, self.stopped = [], {{}}, set()

            def cancel(self, run):
                with self.lock:
                    if run in self.ended:
                        return False
                    self.stopped.add(run)
                    return True

            def record(self, connection, job, state):
                with self.lock:
                    state = self.ended.setdefault(job, "stopped" if job in self.stopped else state)
                super().record(connection, job, state)
                with self.lock:
                    self.recorded = job
                    for run, waiting in self.waiting:
                        if {told}:
                            waiting.put(state)
                            waiting.put(None)
                    self.waiting = [each for each in self.waiting if not (each[0] == job)]

            recorded = 0

            def subscribe(self, run):
                with self.lock:
                    waiting = queue.Queue()
                    if {late}:
                        waiting.put(self.ended[run])
                        waiting.put(None)
                    else:
                        self.waiting.append((run, waiting))
                return waiting.get
"""
"""A manager with subscribers: of whose end they are told, and whether late ones are at once."""


def test_a_manager_that_is_opened_anew_is_a_new_one(here: Any) -> None:
    told = here.check(REOPENED.format(where="Process"), "--bound", "0,1,0")
    assert told.code == 1, told.text
    assert "start-refused-only-while-active" in told.text
    assert "act reopen at user reach closed" in told.text
    again = here.run("replay", ".runfaults/Target-start-refused-only-while-active.toml")
    assert again.code == 1, again.text


def test_what_a_manager_keeps_to_itself_is_gone_with_it(here: Any) -> None:
    told = here.check(REOPENED.format(where="self"), "--bound", "0,1,0")
    assert told.code == 0, told.text


def test_nothing_is_asked_of_a_closed_manager_about_the_run_of_a_later_one() -> None:
    schedule = Schedule.parse(
        "pipeline succeeds; fault busy at user commit; act reopen at user reach closed"
    )
    with Simulation(target_named("genglossary")) as simulation:
        execution = simulation.play(schedule)
    assert not execution.unreached
    assert [each for each in judge(execution.history) if each.verdict is Verdict.BROKEN] == []
    asked = [event for event in execution.history.events if event.subject == "subscribe"]
    assert asked == []


def test_who_is_late_is_not_told_of_another_run(here: Any) -> None:
    told = here.check(TOLD.format(told="True", late="False"), "--bound", "0,1,0")
    assert told.code == 1, told.text
    assert "signal-matches-record" in told.text
    assert "act subscribe at" in told.text


def test_who_is_late_is_told_of_the_run_that_was_asked_for(here: Any) -> None:
    twin = TOLD.format(told="run == job", late="run in self.ended and run <= self.recorded")
    told = here.check(twin, "--bound", "0,1,0")
    assert told.code == 0, told.text
