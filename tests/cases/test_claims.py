"""Two workers that claim a job: the work is done once, or twice by an unguarded UPDATE."""

from __future__ import annotations

import threading
from contextlib import closing

import pytest
from small_jobs import Jobs, JobsTarget

from runfaults.explore.runner import Runner
from runfaults.model import Schedule, Verdict
from runfaults.sim.simulation import Simulation

MEETING = Schedule.parse("pipeline succeeds; switch run execute UPDATE jobs to run-2")


class Claiming(Jobs):
    """Starts two workers, each of which takes every job that none has taken."""

    guard = ""

    def start(self) -> int:
        with closing(self.connect()) as connection:
            job = connection.execute("INSERT INTO jobs (state) VALUES ('running')").lastrowid
            connection.commit()
        assert job is not None
        self.threads = [threading.Thread(target=self.take, args=(n,)) for n in (1, 2)]
        for thread in self.threads:
            thread.start()
        return job

    def take(self, worker: int) -> None:
        with closing(self.connect()) as connection:
            free = connection.execute("SELECT id FROM jobs WHERE worker IS NULL").fetchall()
            for (job,) in free:
                claim = f"UPDATE jobs SET worker = ? WHERE id = ? {self.guard}"
                claimed = connection.execute(claim, (worker, job)).rowcount
                connection.commit()
                if claimed:
                    self.attempt(connection, job)


class Guarded(Claiming):
    guard = "AND worker IS NULL"


@pytest.mark.parametrize(
    ("jobs", "verdict"), [(Claiming, Verdict.BROKEN), (Guarded, Verdict.HOLDS)]
)
def test_work_that_is_claimed_twice_is_done_twice(jobs: type[Jobs], verdict: Verdict) -> None:
    with Simulation(JobsTarget(jobs, "ALTER TABLE jobs ADD COLUMN worker INTEGER;")) as simulation:
        trial = Runner(simulation).run(MEETING)
    assert trial.playable
    told = {each.rule: each.verdict for each in trial.judgements}
    assert told["work-done-once"] is verdict


def test_a_target_that_promises_to_do_work_at_least_once_is_exempt() -> None:
    target = JobsTarget(Claiming, "ALTER TABLE jobs ADD COLUMN worker INTEGER;")
    target.exempt = {**target.exempt, "work-done-once": "work may be done again"}
    with Simulation(target) as simulation:
        trial = Runner(simulation).run(MEETING)
    assert "work-done-once" not in {each.rule for each in trial.judgements}
