"""Jobs that are due later: by the clock of Python, of SQL, or of both, and struck after a leap."""

from __future__ import annotations

import sqlite3
import threading
import time
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
import time_machine

from runfaults.model import EventKind, Fault, Operation, Schedule, Verdict
from runfaults.oracle.judge import judge
from runfaults.sim.execution import Execution
from runfaults.sim.simulation import Simulation
from runfaults.sqlite.clock import clock_of_python
from runfaults.targets import Adapter, Audit, Vocabulary, Work


class Due(Adapter):
    """A worker that looks each five seconds for what is due; `lease` ends what takes too long."""

    schema = "CREATE TABLE jobs (id INTEGER PRIMARY KEY, state TEXT, at REAL)"
    audit = Audit("jobs", key="id", status="state")
    vocabulary = Vocabulary.of(("waiting", "running"), "done", "error", interrupted="expired")
    exempt = {"one-active-run": "as many as are due"}  # noqa: RUF012 - as adapters are written
    drains = True
    now = "CAST(strftime('%s', 'now') AS REAL)"
    lease = 7200

    def begin(self, database: Path, work: Work) -> None:
        self.database, self.work = database, work
        self.stopped = threading.Event()
        self.threads = [threading.Thread(target=each) for each in (self.poll, self.expire)]
        for thread in self.threads:
            thread.start()

    def write(self, sql: str) -> int:
        with closing(sqlite3.connect(self.database)) as connection, connection:
            return connection.execute(sql).lastrowid or 0

    def moment(self) -> str:
        return self.now

    def start(self) -> int:
        return self.write(f"INSERT INTO jobs (state, at) VALUES ('waiting', {self.moment()} + 600)")

    def poll(self) -> None:
        while not self.stopped.wait(5.0):
            with closing(sqlite3.connect(self.database)) as connection:
                query = f"SELECT id FROM jobs WHERE state = 'waiting' AND at <= {self.moment()}"
                due = connection.execute(query).fetchone()
            if due is not None:
                self.take(*due)

    def take(self, job: int) -> None:
        self.write(f"UPDATE jobs SET state = 'running', at = {self.moment()} WHERE id = {job}")
        self.work(None, job)
        self.write(f"UPDATE jobs SET state = 'done' WHERE id = {job} AND state = 'running'")

    def expire(self) -> None:
        while not self.stopped.wait(900.0):
            over = f"state = 'running' AND at < {self.now} - {self.lease}"
            self.write(f"UPDATE jobs SET state = 'expired' WHERE {over}")

    def close(self) -> None:
        self.stopped.set()
        for thread in self.threads:
            thread.join()


class ByBoth(Due):
    """Writes moments by Python's clock, and compares them with SQL's."""

    def moment(self) -> str:
        return repr(time.time())


class Text(Due):
    now = "CAST(strftime('%s', CURRENT_TIMESTAMP) AS REAL)"


class ShortLease(ByBoth):
    """The planted bug: work may take an hour."""

    lease = 60


def played(target: Adapter, text: str) -> Execution:
    with Simulation(target) as simulation:
        return simulation.play(Schedule.parse(text))


def broken(execution: Execution) -> set[str]:
    return {j.rule for j in judge(execution.history) if j.verdict is Verdict.BROKEN}


@pytest.mark.parametrize("target", [Due, ByBoth, Text])
def test_what_is_due_later_is_done_then_by_any_clock(target: type[Adapter]) -> None:
    execution = played(target(), "pipeline succeeds")
    assert {j.verdict for j in judge(execution.history)} == {Verdict.HOLDS}
    began = next(e.time for e in execution.history.events if e.kind is EventKind.PIPELINE)
    assert began >= 600


@pytest.mark.parametrize(
    ("target", "rules"),
    [(ByBoth, set[str]()), (ShortLease, {"orphan-is-interrupted-not-failed"})],
)
def test_a_lease_by_the_clock_of_sql_runs_out_in_virtual_time(
    target: type[Adapter], rules: set[str]
) -> None:
    assert broken(played(target(), "pipeline takes-an-hour")) == rules


def test_a_fault_strikes_at_the_point_that_was_found_however_long_the_wait_before_it() -> None:
    with Simulation(Due()) as simulation:
        clean = simulation.play(Schedule(), survey=["corrupt"])
        rows = [each.point for each in clean.survey if dict(each.refusals)["corrupt"] is None]
        found = rows[-1]
        assert found.operation is Operation.FETCH, "of the one look that finds the job"
        struck = simulation.play(Schedule(faults=(Fault("corrupt", found),)))
    assert struck.struck == (1,), struck.refused


def sql_says() -> float:
    with closing(sqlite3.connect(":memory:")) as connection:
        (now,) = connection.execute("SELECT strftime('%s', 'now')").fetchone()
    return float(now)


def test_sql_has_its_own_clock_again_when_the_last_block_has_ended() -> None:
    first, second = ExitStack(), ExitStack()
    with time_machine.travel(0, tick=False):
        first.enter_context(clock_of_python())
        second.enter_context(clock_of_python())
        first.close()
        assert sql_says() == 0
        second.close()
        assert sql_says() > 0
