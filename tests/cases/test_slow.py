"""An operation that takes long and then succeeds: deadlines, and locks that others meet."""

from __future__ import annotations

import sqlite3
import threading
import time
from contextlib import closing, suppress

import pytest
from small_jobs import Jobs, JobsTarget, broken, refused

from runfaults.model import EventKind, Schedule
from runfaults.sim.simulation import Simulation
from runfaults.sqlite.slow import SLOW


class Patient(Jobs):
    def note(self, connection: sqlite3.Connection) -> None:
        connection.execute("SELECT state FROM jobs").fetchall()


class Hasty(Patient):
    """Calls a job that is done failed, because a look at the database took long."""

    def note(self, connection: sqlite3.Connection) -> None:
        begun = time.monotonic()
        super().note(connection)
        if time.monotonic() - begun > 30:
            raise TimeoutError


def test_a_deadline_that_a_slow_read_passes_is_found() -> None:
    schedule = "pipeline succeeds; fault slow at run execute SELECT jobs"
    assert "succeeded-never-failed" in broken(Hasty, schedule)
    assert not broken(Patient, schedule)


class Timed(Patient):
    """Another thread calls a job failed that is not recorded in time, though its work is done."""

    def attempt(self, connection: sqlite3.Connection, job: int) -> None:
        self.timer = threading.Timer(30, self.give_up, (job,))
        self.timer.start()
        super().attempt(connection, job)
        self.timer.cancel()

    def give_up(self, job: int) -> None:
        with closing(self.connect()) as connection:
            self.record(connection, job, "error")

    def record(self, connection: sqlite3.Connection, job: int, state: str) -> None:
        sql = "UPDATE jobs SET state = ? WHERE id = ? AND state = 'running'"
        connection.execute(sql, (state, job))
        connection.commit()


class TimedWork(Timed):
    """The same deadline, for the work alone."""

    def note(self, connection: sqlite3.Connection) -> None:
        self.timer.cancel()
        super().note(connection)


def test_a_deadline_of_another_thread_that_a_slow_read_passes_is_found() -> None:
    schedule = "pipeline succeeds; journal wal; fault slow at run execute SELECT jobs"
    assert "succeeded-never-failed" in broken(Timed, schedule)
    assert not broken(TimedWork, schedule)


class Watched(Jobs):
    """The user looks, once, while the run is recorded."""

    def wait(self, run: int) -> None:
        time.sleep(10)
        with closing(self.connect()) as connection, suppress(sqlite3.OperationalError):
            connection.execute("SELECT state FROM jobs").fetchall()
        super().wait(run)


@pytest.mark.parametrize(
    ("point", "journal", "locked"),
    [
        ("run commit", "delete", True),
        ("run commit", "wal", False),
        ("run execute UPDATE jobs", "delete", False),
    ],
)
def test_others_meet_the_lock_of_a_slow_operation(
    point: str, journal: str, *, locked: bool
) -> None:
    schedule = Schedule.parse(f"pipeline succeeds; journal {journal}; fault slow at {point}")
    with Simulation(JobsTarget(Watched)) as simulation:
        first, again = (simulation.play(schedule) for _ in range(2))
    assert first.struck == (1,)
    assert first.history.events == again.history.events
    errors = [each.value for each in first.history.events if each.kind is EventKind.ERROR]
    assert any("SQLITE_BUSY" in each for each in errors) is locked
    recorded = [each for each in first.history.events if each.kind is EventKind.STATUS]
    assert recorded[-1].value == "done"
    assert recorded[-1].time >= SLOW


def test_where_it_cannot_strike() -> None:
    assert refused(Patient, "pipeline succeeds; fault slow at run close").startswith("close()")
