"""What a target keeps between lives: only a flag that hides a defect makes a result unknown."""

from __future__ import annotations

from typing import Any

import pytest

RUNNERS = """
    import sqlite3

    from jobs import Jobs, JobsTarget


    class Patient(Jobs):
        def record(self, connection, job, state):
            while True:
                try:
                    return super().record(connection, job, state)
                except sqlite3.OperationalError:
                    connection.rollback()


    class Once:
        lives = 0


    class FirstThree(Patient):
        # Counts in a class: the first three lives of a process have no patience.
        def run(self, job):
            Once.lives += 1
            (Jobs if Once.lives <= 3 else Patient).run(self, job)

        def record(self, connection, job, state):
            (Jobs if Once.lives <= 3 else Patient).record(self, connection, job, state)


    class Breaker(Patient):
        # A circuit breaker in a class: it is patient once it has seen an error.
        tripped = False

        def record(self, connection, job, state):
            if Breaker.tripped:
                return super().record(connection, job, state)
            try:
                Jobs.record(self, connection, job, state)
            except sqlite3.OperationalError:
                Breaker.tripped = True
                raise


    class Remembers(Patient):
        # Innocent: what the first life of a process finds out, the others know.
        known = None

        def run(self, job):
            if Remembers.known is None:
                with sqlite3.connect(":memory:") as connection:
                    Remembers.known = connection.execute("SELECT sqlite_version()").fetchone()
                connection.close()
            super().run(job)


    def target(name, jobs):
        return type(name, (JobsTarget,), {"name": name, "jobs": jobs})


    PatientTarget = target("patient", Patient)
    FirstThreeTarget = target("first-three", FirstThree)
    BreakerTarget = target("breaker", Breaker)
    RemembersTarget = target("remembers", Remembers)
"""


def checked(here: Any, target: str) -> Any:
    given = ("--target", target, "--bound", "1,0,0", "--no-cache", "--jobs", "1")
    return here.run("check", *given)


@pytest.mark.parametrize(
    ("name", "besides"),
    [
        ("FirstThreeTarget", "not every schedule gave the same history again"),
        ("BreakerTarget", "1 of 10 schedules could not be judged"),
    ],
)
def test_a_defect_of_first_lives_alone_makes_the_result_unknown(
    here: Any, name: str, besides: str
) -> None:
    here.write("runners.py", RUNNERS)

    told = checked(here, f"runners.py:{name}")

    assert told.code == 3, told.text
    assert "in the first life of a process, succeeded-never-failed: broken" in told.text
    assert "keep it in what `open` makes" in told.text
    assert besides in told.text


@pytest.mark.parametrize("name", ["PatientTarget", "RemembersTarget"])
def test_who_is_right_in_every_life_holds(here: Any, name: str) -> None:
    here.write("runners.py", RUNNERS)

    told = checked(here, f"runners.py:{name}")

    assert told.code == 0, told.text


def test_a_defect_of_every_life_is_no_doubt(here: Any) -> None:
    told = checked(here, "jobs.py:JobsTarget")

    assert told.code == 1, told.text
    assert "first life of a process, succ" not in told.text
