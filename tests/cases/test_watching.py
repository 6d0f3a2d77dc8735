"""What the harness sees of a right program is right: no status is missed, none is nobody's."""

from __future__ import annotations

import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest
from small_jobs import Jobs, JobsTarget, broken

from runfaults.crash.sequence import LifeSequence
from runfaults.explore.runner import rules_for
from runfaults.model import EventKind, Schedule, Verdict
from runfaults.oracle.judge import judge
from runfaults.sim.simulation import Simulation

COLUMNS = "finished REAL, state TEXT GENERATED ALWAYS AS (iif(finished, 'done', 'running'))"


class Instants(Jobs):
    """Records when a job was finished; the state follows from that."""

    def start(self) -> int:
        with closing(self.connect()) as connection:
            job = connection.execute("INSERT INTO jobs (finished) VALUES (NULL)").lastrowid
            connection.commit()
        assert job is not None
        self.spawn(lambda: self.run(job))
        return job

    def record(self, connection: sqlite3.Connection, job: int, state: str) -> None:
        connection.execute("UPDATE jobs SET finished = ? WHERE id = ?", (time.time(), job))
        connection.commit()


class InstantsTarget(JobsTarget):
    def __init__(self, storage: str) -> None:
        super().__init__(Instants)
        self._storage = storage

    def prepare(self, database: Path) -> None:
        with closing(sqlite3.connect(database)) as connection:
            connection.execute(
                f"CREATE TABLE jobs (id INTEGER PRIMARY KEY, {COLUMNS} {self._storage})"
            )


@pytest.mark.parametrize("storage", ["STORED", "VIRTUAL"])
def test_a_status_that_follows_from_other_columns_is_seen(storage: str) -> None:
    with Simulation(InstantsTarget(storage)) as simulation:
        history = simulation.play(Schedule()).history
    shown = [event.value for event in history.events if event.kind is EventKind.STATUS]
    assert shown == ["running", "done"]
    assert all(each.verdict is Verdict.HOLDS for each in judge(history))


class Autocommitting(Jobs):
    """Gives its work a connection on which each statement is committed at once."""

    options = {"isolation_level": None}  # noqa: RUF012 - of `sqlite3.connect`


class KeepsHalf(Jobs):
    """Commits what the work had written before it raised."""

    def undo(self, connection: sqlite3.Connection) -> None:
        connection.commit()


def broken_in_a_life(jobs: type[Jobs], tmp_path: Path) -> set[str]:
    target = JobsTarget(jobs)
    schedule = Schedule.parse("pipeline raises-in-transaction; death after run commit #3")
    if jobs is Autocommitting:
        schedule = Schedule.parse("pipeline raises-in-transaction")
    with Simulation(target, within=str(tmp_path)):
        history = LifeSequence(target, str(tmp_path)).play(schedule).history
    judgements = judge(history, rules_for(target))
    return {each.rule for each in judgements if each.verdict is Verdict.BROKEN}


def test_rows_that_work_commits_itself_are_not_its_runners_in_a_life_either(
    tmp_path: Path,
) -> None:
    assert "database-stays-sound" not in broken_in_a_life(Autocommitting, tmp_path)


def test_rows_that_the_runner_commits_are_found_though_it_dies(tmp_path: Path) -> None:
    assert "database-stays-sound" in broken_in_a_life(KeepsHalf, tmp_path)


class Stoppable(Autocommitting):
    """Records in one transaction; the API writes on a connection that commits at once."""

    def cancel(self, run: int) -> bool:
        return False

    def cancel_in_database(self, run: int) -> None:
        with closing(self.connect()) as connection:
            connection.execute("UPDATE jobs SET state = 'error' WHERE id = ?", (run,))

    def attempt(self, connection: sqlite3.Connection, job: int) -> None:
        self.work(None, job)
        connection.execute("BEGIN IMMEDIATE")
        self.record(connection, job, "done")
        threading.Event().wait(0.5)  # the API comes, and waits for the lock


def test_a_write_that_waited_for_a_lock_is_not_taken_for_an_unwatched_one() -> None:
    schedule = Schedule.parse("pipeline succeeds; act cancel-api at run commit")
    with Simulation(JobsTarget(Stoppable)) as simulation:
        history = simulation.play(schedule).history
    shown = [event.value for event in history.events if event.kind is EventKind.STATUS]
    assert shown == ["running", "done", "error"]
    assert not [event for event in history.events if event.kind is EventKind.STUCK]


class Pooled(Jobs):
    """The API's connection stays open for the next request."""

    options = {"check_same_thread": False}  # noqa: RUF012 - of `sqlite3.connect`

    def cancel(self, run: int) -> bool:
        return False

    def cancel_in_database(self, run: int) -> None:
        self.pool = self.connect()

    def close(self) -> None:
        if hasattr(self, "pool"):
            self.pool.close()


class PooledAgain(Pooled):
    def cancel_in_database(self, run: int) -> None:
        super().cancel_in_database(run)
        LEFT.append(self.pool)


def test_what_the_api_opens_when_all_is_closed_is_no_leak_of_the_run() -> None:
    assert broken(PooledAgain, "pipeline succeeds; act cancel-api at user reach closed") == set()
    LEFT.pop().close()


LEFT: list[sqlite3.Connection] = []


class Unpooled(Pooled):
    def close(self) -> None:
        LEFT.append(self.pool)


def test_what_the_api_opened_before_is_one() -> None:
    at_settled = "pipeline succeeds; act cancel-api at user reach settled"
    assert broken(Unpooled, at_settled) == {"nothing-leaks"}
    LEFT.pop().close()
    assert broken(Pooled, at_settled) == set()


class ClosesBadly(Jobs):
    """Records again when it is closed; what that raises is another error."""

    error: type[BaseException] = SystemExit

    def close(self) -> None:
        try:
            with closing(self.connect()) as connection:
                connection.execute("SELECT state FROM jobs").fetchall()
        except sqlite3.OperationalError as error:
            raise self.error("cannot close") from error


class ClosesWithAnError(ClosesBadly):
    error = RuntimeError


STRUCK_AT_CLOSE = "pipeline succeeds; fault busy at user execute SELECT jobs"


def test_a_fault_is_no_cause_to_end_the_process_of_who_calls() -> None:
    assert broken(ClosesBadly, STRUCK_AT_CLOSE) == {"calls-raise-only-for-cause"}
    assert broken(ClosesWithAnError, STRUCK_AT_CLOSE) == set()
