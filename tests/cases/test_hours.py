"""A lock that is held for hours: no manager can record then, and none may record wrongly."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from pathlib import Path

from small_jobs import Jobs, broken

from runfaults.model import EventKind, Fault, Scenario, Schedule, Verdict
from runfaults.oracle.judge import judge
from runfaults.scenario.file import dump_scenario, load_scenario
from runfaults.sim.simulation import Simulation
from runfaults.targets import target_named
from runfaults.targets.target import Work

UPDATE = "pipeline succeeds; fault busy at run execute UPDATE jobs"
HOURS = f"{UPDATE} for 2 h"
A_MINUTE = f"{UPDATE} until lifted"
TRIES = 20


class GivesUp(Jobs):
    """Tries for ten minutes, and leaves the row to the next start of the program."""

    def record(self, connection: sqlite3.Connection, job: int, state: str) -> None:
        for _ in range(TRIES):
            try:
                return super().record(connection, job, state)
            except sqlite3.OperationalError:
                connection.rollback()
                time.sleep(30)
        return self.give_up(connection, job)

    def give_up(self, connection: sqlite3.Connection, job: int) -> None:
        pass


class Recovers(GivesUp):
    """The row was left by a program that has ended: how its work ended is not known."""

    def __init__(self, database: Path, work: Work) -> None:
        super().__init__(database, work)
        with closing(self.connect()) as connection:
            connection.execute("UPDATE jobs SET state = 'lost' WHERE state = 'running'")
            connection.commit()


class RecoversAsFailed(GivesUp):
    def __init__(self, database: Path, work: Work) -> None:
        super().__init__(database, work)
        with closing(self.connect()) as connection:
            connection.execute("UPDATE jobs SET state = 'error' WHERE state = 'running'")
            connection.commit()


class CallsItFailed(Recovers):
    """The planted bug: what could not be recorded in ten minutes is recorded as failed in hours."""

    def give_up(self, connection: sqlite3.Connection, job: int) -> None:
        while True:
            try:
                return Jobs.record(self, connection, job, "error")
            except sqlite3.OperationalError:
                connection.rollback()
                time.sleep(600)


def test_the_text_of_such_a_fault() -> None:
    fault = Fault.parse("busy at run commit for 2 h")
    assert (fault.times, fault.hours, fault.lifted_after) == (None, 2, 7200)
    assert Fault.parse(str(fault)) == fault


def test_a_scenario_file_keeps_the_hours(tmp_path: Path) -> None:
    file = tmp_path / "n.toml"
    schedule = Schedule.parse(HOURS)
    file.write_text(
        dump_scenario(Scenario("n", "It lasts.", "genglossary", schedule, Verdict.HOLDS))
    )
    assert load_scenario(file).schedule == schedule


def test_what_is_recorded_wrongly_after_hours_is_found() -> None:
    assert "succeeded-never-failed" in broken(CallsItFailed, HOURS)
    assert not broken(CallsItFailed, A_MINUTE)


def test_a_row_that_the_next_start_sets_right_is_none_that_is_left() -> None:
    assert not broken(Recovers, HOURS)
    assert "eventually-terminal" in broken(Recovers, f"{UPDATE} x{TRIES}")
    assert "eventually-terminal" in broken(GivesUp, HOURS)
    assert "succeeded-never-failed" in broken(RecoversAsFailed, HOURS)


def test_the_corrected_manager_records_when_the_lock_is_gone() -> None:
    schedule = "pipeline succeeds; fault busy at run execute BEGIN IMMEDIATE #2 for 2 h"
    with Simulation(target_named("genglossary")) as simulation:
        execution = simulation.play(Schedule.parse(schedule))
    assert execution.struck[0] > 500
    assert {each.verdict for each in judge(execution.history)} == {Verdict.HOLDS}
    recorded = [each for each in execution.history.events if each.kind is EventKind.STATUS]
    assert recorded[-1].value == "completed"
    assert recorded[-1].time > 7200
