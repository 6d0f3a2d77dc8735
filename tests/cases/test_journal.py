"""Schedules run in the journal mode that the target itself chooses."""

from __future__ import annotations

from typing import Any

import pytest

RUNNER = """
    import contextlib
    import sqlite3
    import threading
    import time
    from jobs import Jobs, JobsTarget

    class Beating(Jobs):
        begin = "BEGIN"

        def start(self):
            job = super().start()
            self.beats = threading.Thread(target=self.beat)
            self.beats.start()
            return job

        def beat(self):
            with contextlib.closing(self.connect()) as connection:
                connection.execute("PRAGMA busy_timeout = 500")
                with contextlib.suppress(sqlite3.OperationalError):
                    connection.execute("UPDATE jobs SET beats = 1")
                    connection.commit()

        def record(self, connection, job, state):
            connection.execute(self.begin)
            connection.execute("SELECT state FROM jobs WHERE id = ?", (job,)).fetchall()
            try:
                super().record(connection, job, state)
            except sqlite3.OperationalError:  # once more, in the same transaction
                time.sleep(1)
                super().record(connection, job, state)

        def wait(self, run):
            super().wait(run)
            self.beats.join()

    class Immediate(Beating):
        begin = "BEGIN IMMEDIATE"

    class Target(JobsTarget):
        jobs = Beating
        mode = "wal"

        def prepare(self, database):
            super().prepare(database)
            with contextlib.closing(sqlite3.connect(database)) as connection:
                connection.execute("ALTER TABLE jobs ADD COLUMN beats INT")
                connection.execute(f"PRAGMA journal_mode = {self.mode}")
"""
RIGHT = RUNNER.replace("jobs = Beating", "jobs = Immediate")
IN_DELETE_MODE = RUNNER.replace('mode = "wal"', 'mode = "delete"')
RACES = ("--bound", "0,0,1")


def test_a_snapshot_that_is_old_is_found_where_the_target_chooses_wal(here: Any) -> None:
    told = here.check(RUNNER, *RACES)
    assert told.code == 1
    assert "journal wal" in told.text
    assert here.run("replay", ".runfaults/Target-succeeded-never-failed.toml").code == 1


@pytest.mark.parametrize("program", [RIGHT, IN_DELETE_MODE], ids=["immediate", "delete"])
def test_its_innocent_twins_hold(here: Any, program: str) -> None:
    assert here.check(program, *RACES).code == 0


def test_the_mode_can_be_chosen(here: Any) -> None:
    told = here.check(RUNNER, *RACES, "--journal", "delete")
    assert told.code == 0
    assert "journal delete" in told.text
    told = here.check(RUNNER, *RACES, "--journal", "delete", "--journal", "target")
    assert told.code == 1
    assert "journal delete, wal" in told.text


def test_the_ending_can_be_chosen(here: Any) -> None:
    told = here.check(RIGHT, "--pipeline", "raises", "--pipeline", "succeeds")
    assert "pipeline raises, succeeds" in told.text
    assert "2 schedules in" in told.text
    told = here.check(RIGHT, "--pipeline", "explodes")
    assert told.code == 2
    assert "'explodes' is not one of 'succeeds'" in told.text
