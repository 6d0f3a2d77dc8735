"""A job runner in thirty lines: each case changes what its verdict depends on."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from runfaults.model import Schedule, Verdict, Vocabulary
from runfaults.oracle.judge import judge
from runfaults.sim.simulation import Simulation
from runfaults.targets.target import Audit, Work


class Jobs:
    """Records `done` or `error`; does not heed locks."""

    options: dict[str, Any] = {}  # noqa: RUF012 - of `sqlite3.connect`

    def __init__(self, database: Path, work: Work) -> None:
        self.database = database
        self.work = work
        self.threads: list[threading.Thread] = []

    def connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self.database, **self.options)

    def spawn(self, function: Callable[[], object]) -> None:
        self.threads.append(threading.Thread(target=function))
        self.threads[-1].start()

    def start(self) -> int:
        with closing(self.connect()) as connection:
            job = connection.execute("INSERT INTO jobs (state) VALUES ('running')").lastrowid
            connection.commit()
        assert job is not None
        self.spawn(lambda: self.run(job))
        return job

    def run(self, job: int) -> None:
        with closing(self.connect()) as connection:
            self.attempt(connection, job)

    def attempt(self, connection: sqlite3.Connection, job: int) -> None:
        try:
            self.work(connection, job)
            self.note(connection)
            state = "done"
        except Exception:  # noqa: BLE001 - whatever the work raises
            self.undo(connection)
            state = "error"
        self.record(connection, job, state)

    def note(self, connection: sqlite3.Connection) -> None:
        """What the runner writes besides, when the work is done."""

    def undo(self, connection: sqlite3.Connection) -> None:
        connection.rollback()

    def record(self, connection: sqlite3.Connection, job: int, state: str) -> None:
        connection.execute("UPDATE jobs SET state = ? WHERE id = ?", (state, job))
        connection.commit()

    def wait(self, run: int) -> None:
        for thread in self.threads:
            thread.join()

    def close(self) -> None:
        pass


class JobsTarget:
    """Any runner of this kind as a target."""

    name = "small-jobs"
    vocabulary = Vocabulary(
        active=frozenset({"running"}),
        completed=frozenset({"done"}),
        cancelled=frozenset(),
        failed=frozenset({"error"}),
    )
    audit = Audit("jobs", "id", "state")
    exempt = {"one-active-run": "jobs run side by side"}  # noqa: RUF012 - as adapters are written

    def __init__(self, jobs: type[Jobs], schema: str = "") -> None:
        self._jobs = jobs
        self._schema = schema

    def prepare(self, database: Path) -> None:
        with closing(sqlite3.connect(database)) as connection:
            connection.executescript(
                "CREATE TABLE jobs (id INTEGER PRIMARY KEY, state TEXT);" + self._schema
            )

    def open(self, database: Path, work: Work) -> Jobs:
        return self._jobs(database, work)


def broken(jobs: type[Jobs], schedule: str = "pipeline succeeds", schema: str = "") -> set[str]:
    """The rules that a runner breaks under one schedule, which must be playable."""
    with Simulation(JobsTarget(jobs, schema)) as simulation:
        execution = simulation.play(Schedule.parse(schedule))
    assert execution.unreached == ()
    assert execution.refused == ()
    return {
        judgement.rule
        for judgement in judge(execution.history)
        if judgement.verdict is Verdict.BROKEN and judgement.rule not in JobsTarget.exempt
    }


def refused(jobs: type[Jobs], schedule: str, schema: str = "") -> str:
    """Why the one fault of a schedule cannot strike where it is to."""
    with Simulation(JobsTarget(jobs, schema)) as simulation:
        execution = simulation.play(Schedule.parse(schedule))
    ((_, reason),) = execution.refused
    return reason
