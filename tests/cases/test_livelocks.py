"""A loop that returns to the same state is told after a few rounds; no element is cut off."""

from __future__ import annotations

import re
import sqlite3
import time
from contextlib import closing
from typing import Any

import pytest
from small_jobs import Jobs, JobsTarget

from runfaults.model import EventKind, History, Schedule
from runfaults.sim.simulation import Simulation

HEAD = """
    import sqlite3
    import threading
    import time
    from contextlib import closing
    from jobs import Jobs, JobsTarget

    class Target(JobsTarget):
        class jobs(Jobs):
"""
LOOPS = {
    "tries to write for ever": """
            def record(self, connection, job, state):
                self.kept = self.connect()
                self.kept.execute("UPDATE jobs SET state = state")
                while True:
                    with closing(sqlite3.connect(self.database, timeout=1)) as other:
                        try:
                            other.execute("UPDATE jobs SET state = ?", (state,))
                        except sqlite3.OperationalError:
                            time.sleep(0.5)
    """,
    "waits for a status that never comes": """
            def record(self, connection, job, state):
                while True:
                    row = connection.execute("SELECT state FROM jobs").fetchone()
                    if row[0] == "done":
                        return
                    time.sleep(1)
    """,
    "starts threads that start threads": """
            def record(self, connection, job, state):
                self.threads[job] = threading.Thread(target=self.again)
                self.threads[job].start()

            def again(self):
                time.sleep(1)
                self.record(None, 1, "done")
    """,
}


@pytest.mark.parametrize("loop", LOOPS.values(), ids=LOOPS)
def test_it_is_told_after_a_few_rounds(here: Any, loop: str) -> None:
    told = here.check(HEAD + loop)
    assert told.code == 2
    assert "it never ends: livelock: the same state again and again" in told.text
    assert re.search(r"steps, at \S+\.py:\d+ in \w+: \S", told.text)


class Patient(Jobs):
    """Looks at the row until it is cancelled."""

    options: dict[str, Any] = {"isolation_level": None}  # noqa: RUF012 - as in the base class

    def run(self, job: int) -> None:
        with closing(self.connect()) as connection:
            while self.state_of(connection, job) != "gone":
                time.sleep(1.0)

    def state_of(self, connection: sqlite3.Connection, job: int) -> str:
        rows = connection.execute("SELECT state FROM jobs WHERE id = ?", (job,))
        return str(rows.fetchall()[0][0])

    def cancel(self, run: int) -> bool:
        with closing(self.connect()) as connection:
            connection.execute("UPDATE jobs SET state = 'gone' WHERE id = ?", (run,))
        return True


def played(schedule: str) -> History:
    with Simulation(JobsTarget(Patient)) as simulation:
        return simulation.play(Schedule.parse(schedule)).history


def livelocks(history: History) -> list[str]:
    return [event.value for event in history.events if event.kind is EventKind.STUCK]


def test_an_act_that_is_still_to_come_ends_the_loop() -> None:
    assert livelocks(played("pipeline succeeds"))
    assert not livelocks(played("pipeline succeeds; act cancel at run execute SELECT jobs #400"))


def test_a_fault_that_is_still_to_come_ends_the_loop() -> None:
    history = played("pipeline succeeds; fault ioerr-read at run execute SELECT jobs #400")
    assert not livelocks(history)
    assert any(event.kind is EventKind.STRIKE for event in history.events)


def test_an_act_at_a_place_that_the_loop_does_not_reach_is_not_waited_for() -> None:
    (why,) = livelocks(played("pipeline succeeds; act cancel at run execute UPDATE jobs #400"))
    assert "the same state" in why


class Persistent(Jobs):
    """Tries again, with a pause or without, until it could record."""

    pause = 0.1
    options: dict[str, Any] = {"timeout": 0.0}  # noqa: RUF012 - as in the base class

    def run(self, job: int) -> None:
        self.work(None, job)
        while not self.has_recorded(job):
            if self.pause:
                time.sleep(self.pause)

    def has_recorded(self, job: int) -> bool:
        try:
            with closing(self.connect()) as connection:
                self.record(connection, job, "done")
        except sqlite3.OperationalError:
            return False
        return True


class Restless(Persistent):
    pause = 0.0


class KeepsItsLock(Persistent):
    """The planted bug: the connection that met the error keeps its lock, and another one tries."""

    def has_recorded(self, job: int) -> bool:
        if hasattr(self, "kept"):
            return super().has_recorded(job)
        self.kept = self.connect()
        try:
            self.record(self.kept, job, "done")
        except sqlite3.OperationalError:
            return False
        return True


class CountsItsTries(Restless):
    """An innocent twin that comes to no state twice."""

    tries = 0

    def has_recorded(self, job: int) -> bool:
        self.tries += 1
        return super().has_recorded(job)


UNTIL_LIFTED = [
    "fault cantopen at run connect until lifted",
    "fault busy at run commit until lifted",
    "fault cantopen at run connect until lifted; fault cantopen at run connect #200 until lifted",
    "fault cantopen at run connect until lifted; fault busy at run commit until lifted",
]


@pytest.mark.parametrize(
    ("jobs", "faults"),
    [
        *((jobs, faults) for jobs in (Persistent, Restless) for faults in UNTIL_LIFTED),
        # No round of it is like another, so each of the hundred thousands is made.
        *((CountsItsTries, faults) for faults in UNTIL_LIFTED[:2]),
    ],
)
def test_trying_until_the_trouble_is_over_is_no_livelock(jobs: type[Jobs], faults: str) -> None:
    with Simulation(JobsTarget(jobs)) as simulation:
        history = simulation.play(Schedule.parse(f"pipeline succeeds; {faults}")).history
    assert livelocks(history) == []
    assert [e.value for e in history.events if e.kind is EventKind.STATUS][-1] == "done"


@pytest.mark.parametrize("pause", [0.1, 0.0])
def test_what_goes_round_when_the_trouble_is_over_is_one(pause: float) -> None:
    jobs = type("KeepsItsLock", (KeepsItsLock,), {"pause": pause})
    with Simulation(JobsTarget(jobs)) as simulation:
        schedule = Schedule.parse("pipeline succeeds; fault busy at run commit until lifted")
        history = simulation.play(schedule).history
    (why,) = livelocks(history)
    assert "the same state again and again" in why


def test_a_fault_that_strikes_on_and_on_proves_nothing() -> None:
    with Simulation(JobsTarget(Persistent)) as simulation:
        schedule = Schedule.parse("pipeline succeeds; fault cantopen at run connect x1000000")
        history = simulation.play(schedule).history
    (stuck,) = (event for event in history.events if event.kind is EventKind.STUCK)
    assert stuck.subject == "hang"
    assert "a fault strikes again and again" in stuck.value
