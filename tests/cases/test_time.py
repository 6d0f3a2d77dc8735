"""Work that takes time: its runner's patience ends, or it is told to stop through its client."""

from __future__ import annotations

import concurrent.futures
import queue
import sqlite3
import threading
import time
from contextlib import closing

import pytest
from small_jobs import Jobs, JobsTarget, broken

from runfaults.explore.job import Scope
from runfaults.explore.probe import probe
from runfaults.explore.runner import Runner
from runfaults.model import Ending, Journal, Schedule, Verdict
from runfaults.sim.simulation import Simulation
from runfaults.targets.client import Client

HOUR = "pipeline takes-an-hour"


class Watched(Jobs):
    """Calls a job that has not ended within its patience an error, and lets it go on."""

    patience = 60.0

    def give_up(self, job: int) -> None:
        with closing(self.connect()) as connection:
            self.record(connection, job, "error")

    def record(self, connection: sqlite3.Connection, job: int, state: str) -> None:
        sql = "UPDATE jobs SET state = ? WHERE id = ? AND state = 'running'"
        connection.execute(sql, (state, job))
        connection.commit()


class ByJoin(Watched):
    def run(self, job: int) -> None:
        self.spawn(lambda: self.watch(job, threading.current_thread()))
        super().run(job)

    def watch(self, job: int, worker: threading.Thread) -> None:
        worker.join(self.patience)
        if worker.is_alive():
            self.give_up(job)


class ByTimer(Watched):
    def run(self, job: int) -> None:
        timer = threading.Timer(self.patience, self.give_up, (job,))
        timer.start()
        super().run(job)
        timer.cancel()
        timer.join()


class ByFuture(Watched):
    def run(self, job: int) -> None:
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            future = pool.submit(super().run, job)
            try:
                future.result(self.patience)
            except concurrent.futures.TimeoutError:
                self.give_up(job)


class ByEvent(Watched):
    def run(self, job: int) -> None:
        over = threading.Event()
        self.spawn(lambda: over.wait(self.patience) or self.give_up(job))
        super().run(job)
        over.set()


class ByQueue(Watched):
    def run(self, job: int) -> None:
        over: queue.Queue[str] = queue.Queue()
        self.spawn(lambda: self.watch(job, over))
        super().run(job)
        over.put("over")

    def watch(self, job: int, over: queue.Queue[str]) -> None:
        try:
            over.get(timeout=self.patience)
        except queue.Empty:
            self.give_up(job)


WATCHED = [ByJoin, ByTimer, ByFuture, ByEvent, ByQueue]


@pytest.mark.parametrize("jobs", WATCHED)
def test_patience_that_ends_before_the_work_is_seen(jobs: type[Jobs]) -> None:
    assert "succeeded-never-failed" in broken(jobs, HOUR)


@pytest.mark.parametrize("jobs", WATCHED)
def test_patience_that_lasts_longer_than_the_work_holds(jobs: type[Jobs]) -> None:
    patient = type(f"Patient{jobs.__name__}", (jobs,), {"patience": 7200.0})
    assert broken(patient, HOUR) == set()


class Polling(Jobs):
    """Looks every twentieth of a second whether the job is over."""

    def wait(self, run: int) -> None:
        while self.state(run) == "running":
            self.pause()
        super().wait(run)

    def pause(self) -> None:
        time.sleep(0.05)

    def state(self, run: int) -> str:
        with closing(self.connect()) as connection:
            (state,) = connection.execute("SELECT state FROM jobs WHERE id = ?", (run,)).fetchone()
        return str(state)


class Spinning(Polling):
    """Looks again at once: another thread gets its turn all the same."""

    def pause(self) -> None:
        pass


@pytest.mark.parametrize("jobs", [Polling, Spinning])
@pytest.mark.parametrize("schedule", ["pipeline succeeds", HOUR])
def test_polling_is_no_livelock_however_long_the_work_takes(
    jobs: type[Jobs], schedule: str
) -> None:
    with Simulation(JobsTarget(jobs)) as simulation:
        trial = Runner(simulation).run(Schedule.parse(schedule))
    assert trial.verdict is Verdict.HOLDS


def test_a_target_that_closes_nothing_is_not_offered_what_needs_a_client() -> None:
    with Simulation(JobsTarget(Jobs)) as simulation:
        offered = probe(simulation)
    scope = Scope(endings=tuple(Ending)).of_target(offered, Journal.DELETE)
    assert scope.endings == tuple(each for each in Ending if not each.needs_client)


class Closing(Jobs):
    """Has a client, and closes it when the job is over."""

    def attempt(self, connection: sqlite3.Connection, job: int) -> None:
        client = Client()
        with closing(client):
            self.work(connection, job, client=client)
        self.record(connection, job, "done")


def test_one_that_does_is_offered_all() -> None:
    with Simulation(JobsTarget(Closing)) as simulation:
        offered = probe(simulation)
    assert Scope(endings=tuple(Ending)).of_target(offered, Journal.DELETE).endings == tuple(Ending)
