"""Programs on which the watched connections gave the wrong verdict once."""

from __future__ import annotations

import gc
import sqlite3
import threading
import time
from contextlib import closing, suppress
from typing import Any

import pytest
from small_jobs import Jobs, JobsTarget, broken, refused

from runfaults.model import EventKind, Schedule
from runfaults.sim.gate import WorldGate
from runfaults.sim.simulation import Simulation

RAISES = "pipeline raises-in-transaction"


class Autocommitting(Jobs):
    options: dict[str, Any] = {"isolation_level": None}  # noqa: RUF012


class ForgetsToUndo(Jobs):
    def undo(self, connection: sqlite3.Connection) -> None:
        pass  # what the work left is committed with the status


def test_what_work_commits_itself_is_not_held_against_its_runner() -> None:
    assert broken(Autocommitting, RAISES) == set()
    assert broken(Jobs, RAISES) == set()
    assert broken(ForgetsToUndo, RAISES) == {"database-stays-sound"}
    assert broken(Autocommitting, "pipeline leaves-transaction-open") == set()


class NotesByScript(Jobs):
    def undo(self, connection: sqlite3.Connection) -> None:
        connection.executescript("INSERT INTO notes VALUES ('it failed');")
        connection.rollback()


class UndoesThenNotes(Jobs):
    def undo(self, connection: sqlite3.Connection) -> None:
        connection.rollback()
        connection.executescript("INSERT INTO notes VALUES ('it failed');")


class CommitsAgain(Jobs):
    """Takes a COMMIT that met a lock for work that is to be committed once more."""

    def attempt(self, connection: sqlite3.Connection, job: int) -> None:
        try:
            self.work(connection, job)
        except sqlite3.OperationalError:
            connection.commit()
        self.record(connection, job, "done")


@pytest.mark.parametrize("schedule", [RAISES, "fault busy at run commit #2"])
def test_a_script_that_commits_what_failed_work_left_is_found(schedule: str) -> None:
    notes = "CREATE TABLE notes (text TEXT);"
    assert "database-stays-sound" in broken(NotesByScript, schedule, notes)
    assert broken(UndoesThenNotes, schedule, notes) == set()


def test_work_that_its_runner_commits_once_more_and_records_as_done_is_sound() -> None:
    for kind in ("busy", "lost-acknowledgement"):
        fault = f"fault {kind} at run commit #2"
        assert "database-stays-sound" not in broken(CommitsAgain, fault)


class Watching(Jobs):
    """A thread keeps a cursor open while another one commits, which waits."""

    def start(self) -> int:
        self.spawn(self.watch)
        time.sleep(0.1)
        return super().start()

    def watch(self) -> None:
        with closing(self.connect()) as connection:
            rows = connection.execute("SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT id FROM jobs")
            rows.fetchone()
            time.sleep(0.5)
            rows.close()


def test_a_commit_waits_for_the_cursor_of_another_thread() -> None:
    assert broken(Watching) == set()
    with Simulation(JobsTarget(Watching)) as simulation:
        events = simulation.play(Schedule()).history.events
    waits = [event.value for event in events if event.kind is EventKind.WAIT]
    assert "run" in waits  # the watcher, the first thread


class RetryingAnything(Jobs):
    """Swallows whatever it takes for trouble of the database."""

    def record(self, connection: sqlite3.Connection, job: int, state: str) -> None:
        while True:
            with suppress(Exception):
                super().record(connection, job, state)
                return


def test_a_mistake_of_the_harness_never_reaches_the_target(monkeypatch: pytest.MonkeyPatch) -> None:
    def mistaken(gate: WorldGate) -> None:
        raise sqlite3.ProgrammingError("of the harness")

    class Retrying(RetryingAnything, Watching):
        pass

    with Simulation(JobsTarget(Retrying)) as simulation:
        assert simulation.play(Schedule()).struck == ()
        monkeypatch.setattr(WorldGate, "_who_locks", mistaken)
        with pytest.raises(sqlite3.ProgrammingError, match="of the harness"):
            simulation.play(Schedule())


class SetsTimeout(Jobs):
    """Its own timeout covers the lock that another of its threads holds for a moment."""

    statement = "PRAGMA busy_timeout = 300"
    options: dict[str, Any] = {"timeout": 0}  # noqa: RUF012

    def connect(self) -> sqlite3.Connection:
        connection = super().connect()
        self.set_timeout(connection)
        return connection

    def set_timeout(self, connection: sqlite3.Connection) -> None:
        connection.execute(self.statement)

    def start(self) -> int:
        job = super().start()
        self.spawn(self.hold)
        return job

    def hold(self) -> None:
        with closing(self.connect()) as connection:
            connection.execute("BEGIN IMMEDIATE")
            time.sleep(0.2)
            connection.rollback()


class ByScript(SetsTimeout):
    def set_timeout(self, connection: sqlite3.Connection) -> None:
        connection.executescript(f"PRAGMA foreign_keys = ON; {self.statement}; SELECT 1")


class OfMain(SetsTimeout):
    statement = "PRAGMA main.busy_timeout = 300"


class OfMainByScript(ByScript, OfMain):
    pass


HOLDER_FIRST = "switch run execute INSERT runfaults_work to run-2"


class TooShort(ByScript):
    statement = "PRAGMA busy_timeout = 100"


@pytest.mark.parametrize("jobs", [SetsTimeout, ByScript, OfMain, OfMainByScript])
def test_a_timeout_is_virtual_however_it_was_set(jobs: type[Jobs]) -> None:
    # The holder begins when the runner is about to write.
    assert broken(jobs, HOLDER_FIRST) == set()
    assert broken(TooShort, HOLDER_FIRST) != set()


class RecordsTooEarly(Autocommitting):
    sql = "UPDATE jobs SET state = 'done' WHERE id = ? RETURNING id"

    def run(self, job: int) -> None:
        with closing(self.connect()) as connection:
            connection.execute(self.sql, (job,)).fetchall()
        self.work(None, job)


class WithoutReturning(RecordsTooEarly):
    sql = "UPDATE jobs SET state = 'done' WHERE id = ?"


class RecordsInTime(Autocommitting):
    def record(self, connection: sqlite3.Connection, job: int, state: str) -> None:
        sql = "UPDATE jobs SET state = ? WHERE id = ? RETURNING id"
        assert connection.execute(sql, (state, job)).fetchone() == (job,)


def test_what_returning_records_is_seen_when_its_last_row_is_fetched() -> None:
    early = broken(WithoutReturning)
    assert early
    assert broken(RecordsTooEarly) == early
    assert broken(RecordsInTime) == set()


class Handle:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection
        self.root = self


class LeftToTheCollector(Jobs):
    def run(self, job: int) -> None:
        self.attempt(Handle(self.connect()).connection, job)


class Kept(Jobs):
    def run(self, job: int) -> None:
        self.handle = Handle(self.connect())
        self.attempt(self.handle.connection, job)


class InThreadObject(Jobs):
    """Its thread object keeps the connection, and nothing keeps the thread object."""

    def run(self, job: int) -> None:
        connection = self.connect()
        threading.current_thread().connection = connection  # type: ignore[attr-defined]  # its own
        self.attempt(connection, job)

    def wait(self, run: int) -> None:
        super().wait(run)
        self.threads.clear()


def test_what_only_waits_for_the_garbage_collector_is_no_leak() -> None:
    assert gc.isenabled()
    assert broken(LeftToTheCollector) == set()
    assert broken(InThreadObject) == set()
    assert broken(Kept) == {"nothing-leaks"}


class WithCache(Jobs):
    """Keeps what it works on in a database in memory."""

    def cache(self) -> str:
        return ":memory:"

    def run(self, job: int) -> None:
        with closing(sqlite3.connect(self.cache(), uri=True)):
            super().run(job)


class WithSharedCache(WithCache):
    def cache(self) -> str:
        return "file:cache?mode=memory&cache=shared"


class WithFile(WithCache):
    """The planted pair: this one opens a file, which may be impossible."""

    def cache(self) -> str:
        return f"file:{self.database.with_name('cache.db')}"


@pytest.mark.parametrize("jobs", [WithCache, WithSharedCache])
def test_a_database_in_memory_has_no_file_that_cannot_be_opened(jobs: type[Jobs]) -> None:
    schedule = "pipeline succeeds; fault cantopen at run connect"
    assert refused(jobs, schedule) == "a database in memory has no file to open"
    assert broken(jobs, schedule.replace("cantopen", "nomem")), "there may be no memory for it"


def test_another_file_may_be_one_that_cannot_be_opened() -> None:
    assert broken(WithFile, "pipeline succeeds; fault cantopen at run connect")
