"""A target needs no `wait` and no `close`: the audit says when a run is over, and pollers end."""

from __future__ import annotations

import queue
import sqlite3
import threading
import time
from collections import Counter
from contextlib import closing, suppress
from pathlib import Path
from random import Random

from runfaults.model import EventKind, Schedule, Verdict
from runfaults.oracle.judge import judge
from runfaults.sim.director import Director
from runfaults.sim.execution import Execution
from runfaults.sim.priorities import PriorityDirector
from runfaults.sim.simulation import Simulation
from runfaults.targets import Adapter, Audit, Vocabulary, Work


class Poller(Adapter):
    """One worker looks for jobs every second, and nothing stops it."""

    schema = "CREATE TABLE jobs (id INTEGER PRIMARY KEY, state TEXT)"
    audit = Audit("jobs", key="id", status="state")
    vocabulary = Vocabulary.of(("queued", "running"), "done", "error")
    exempt = {"one-active-run": "a queue"}  # noqa: RUF012 - as adapters are written
    wanted = "queued"

    def begin(self, database: Path, work: Work) -> None:
        self.database, self.work = database, work
        threading.Thread(target=self.poll, name="worker").start()

    def start(self) -> int:
        with closing(sqlite3.connect(self.database)) as connection, connection:
            return connection.execute("INSERT INTO jobs (state) VALUES ('queued')").lastrowid or 0

    def poll(self) -> None:
        while True:
            with suppress(sqlite3.Error), closing(sqlite3.connect(self.database)) as connection:
                self.look(connection)
            time.sleep(1.0)

    def look(self, connection: sqlite3.Connection) -> None:
        query = "SELECT id FROM jobs WHERE state = ? LIMIT 1"
        for (job,) in connection.execute(query, (self.wanted,)).fetchall():
            self.record(connection, job, "running")
            try:
                self.work(connection, job)
                state = "done"
            except Exception:  # noqa: BLE001 - whatever the work raises
                connection.rollback()
                state = "error"
            self.record(connection, job, state)

    def record(self, connection: sqlite3.Connection, job: int, state: str) -> None:
        connection.execute("UPDATE jobs SET state = ? WHERE id = ?", (state, job))
        connection.commit()


def played(
    target: Adapter, text: str = "pipeline succeeds", director: Director | None = None
) -> Execution:
    with Simulation(target) as simulation:
        return simulation.play(Schedule.parse(text), director=director)


def told(execution: Execution, kind: EventKind) -> list[tuple[str, str]]:
    return [(e.subject, e.value) for e in execution.history.events if e.kind is kind]


def broken(execution: Execution) -> set[str]:
    return {j.rule for j in judge(execution.history) if j.verdict is Verdict.BROKEN}


def test_a_poller_without_work_ends_the_schedule() -> None:
    execution = played(Poller())
    assert told(execution, EventKind.SETTLED)
    assert not told(execution, EventKind.STUCK)
    assert not told(execution, EventKind.LEAK)
    assert {j.verdict for j in judge(execution.history)} == {Verdict.HOLDS}
    assert len(execution.steps) < 70


def test_it_ends_in_the_same_history_each_time() -> None:
    first, second = played(Poller()), played(Poller())
    assert first.history.events == second.history.events


def test_it_ends_under_a_director_too() -> None:
    execution = played(Poller(), director=PriorityDirector(Random(0), 3, 60))
    assert told(execution, EventKind.SETTLED)
    assert len(execution.steps) < 200


def test_what_has_no_close_offers_none() -> None:
    assert "close" not in played(Poller()).offered


class Closed(Poller):
    def close(self) -> None:
        """Nothing: the planted bug."""


def test_a_close_that_leaves_a_poller_leaves_a_thread() -> None:
    execution = played(Closed())
    assert "close" in execution.offered
    assert ("thread", "run") in told(execution, EventKind.LEAK)
    assert broken(execution) == {"nothing-leaks"}


class Forgetful(Poller):
    """The planted bug: it looks for another word than `start` records."""

    wanted = "pending"


def test_a_poller_that_never_takes_the_run_is_a_livelock() -> None:
    execution = played(Forgetful())
    ((how, why),) = told(execution, EventKind.STUCK)
    assert how == "livelock"
    assert "the same state again and again" in why
    assert broken(execution) == {"eventually-terminal"}


class Periodic(Poller):
    """The same twin with a clock: a worker of its own does something each hour, for ever."""

    def begin(self, database: Path, work: Work) -> None:
        super().begin(database, work)
        threading.Thread(target=self.beat).start()

    def beat(self) -> None:
        with closing(sqlite3.connect(self.database)) as connection:
            connection.execute("CREATE TABLE IF NOT EXISTS beats (at)")
            while True:
                with suppress(sqlite3.Error), connection:
                    connection.execute("INSERT INTO beats VALUES (?)", (time.time(),))
                time.sleep(7200)

    def poll(self) -> None:
        while True:
            with suppress(sqlite3.Error), closing(sqlite3.connect(self.database)) as connection:
                self.look(connection)
            time.sleep(600)


def test_a_heartbeat_ends_at_the_limit_of_time_and_is_no_livelock() -> None:
    execution = played(Periodic())
    assert told(execution, EventKind.SETTLED)
    assert not broken(execution)


class Patient(Periodic):
    """A heartbeat each minute: who is patient with it sees the end long before the limit."""

    patience = 700.0

    def beat(self) -> None:
        while True:
            with suppress(sqlite3.Error), closing(sqlite3.connect(self.database)) as connection:
                connection.execute("CREATE TABLE IF NOT EXISTS beats (at)")
                connection.execute("INSERT INTO beats VALUES (?)", (time.time(),))
                connection.commit()
            time.sleep(60)


class Impatient(Patient):
    """The planted bug under a heartbeat."""

    wanted = "pending"


def test_patience_ends_what_writes_each_time() -> None:
    execution = played(Patient(), "pipeline takes-an-hour")
    assert told(execution, EventKind.SETTLED)
    assert not broken(execution)
    last = max(e.time for e in execution.history.events if e.kind is EventKind.STATUS)
    assert last >= 3600
    assert execution.history.events[-1].time <= last + 700.0


def test_patience_is_over_with_a_run_that_never_ends() -> None:
    execution = played(Impatient())
    ((how, why),) = told(execution, EventKind.STUCK)
    assert (how, why) == ("livelock", "no news in 700 virtual seconds")
    assert broken(execution) == {"eventually-terminal"}


class Pool(Poller):
    """Idle workers wait for a queue, and hold a connection each."""

    def begin(self, database: Path, work: Work) -> None:
        self.database, self.work = database, work
        self.jobs: queue.Queue[int] = queue.Queue()
        for _ in range(2):
            threading.Thread(target=self.poll).start()

    def start(self) -> int:
        job = super().start()
        self.jobs.put(job)
        return job

    def poll(self) -> None:
        connection = sqlite3.connect(self.database)
        while True:
            self.jobs.get()
            self.look(connection)


class Holding(Pool):
    """The planted bug: a transaction is left open in a connection that nobody uses again."""

    def record(self, connection: sqlite3.Connection, job: int, state: str) -> None:
        super().record(connection, job, state)
        if state == "done":
            connection.execute("INSERT INTO jobs (state) VALUES ('done')")


def test_what_a_living_system_keeps_is_no_leak() -> None:
    execution = played(Pool())
    assert told(execution, EventKind.SETTLED)
    assert not told(execution, EventKind.LEAK)
    assert not broken(execution)


def test_an_open_transaction_is_one_all_the_same() -> None:
    assert [sort for sort, _ in told(played(Holding()), EventKind.LEAK)] == ["transaction"]


class Twice(Poller):
    """The planted bug: it thinks better of what it has recorded, a minute later."""

    def record(self, connection: sqlite3.Connection, job: int, state: str) -> None:
        super().record(connection, job, state)
        if state == "done":
            time.sleep(60)
            super().record(connection, job, "error")


def test_what_follows_the_end_of_a_run_is_still_seen() -> None:
    assert {"terminal-is-final", "succeeded-never-failed"} <= broken(played(Twice()))


def test_each_run_is_waited_for() -> None:
    execution = played(Poller(), "pipeline succeeds; act again; act start")
    shown = [e.run for e in execution.history.events if e.kind is EventKind.STATUS]
    assert Counter(shown) == {1: 3, 2: 3, 3: 3}
    assert broken(execution) <= {*Poller.exempt}
