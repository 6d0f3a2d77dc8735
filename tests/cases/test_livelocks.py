"""A loop that returns to the same state is told after a few rounds; no element is cut off."""

from __future__ import annotations

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
