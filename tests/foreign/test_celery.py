"""Celery with results in SQLite: that the adapter sees what it records, and the page's claims."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from shown import statuses

from runfaults.campaign.replay import replay
from runfaults.explore.probe import probe
from runfaults.model import Act, Ending, FaultPoint, Operation, Schedule, Verdict
from runfaults.oracle.judge import judge
from runfaults.scenario.file import load_scenario
from runfaults.sim.simulation import Simulation
from runfaults.targets.celery import Celery

celery: Any = pytest.importorskip("celery", reason="needs the extra celery")
pytest.importorskip("sqlalchemy", reason="needs the extra celery")

SCENARIO = (
    Path(__file__).parents[2] / "faults" / "targets" / "celery-success-recorded-as-failure.toml"
)


@pytest.fixture
def simulation() -> Iterator[Simulation]:
    with Simulation(Celery()) as entered:
        yield entered


def test_it_keeps_the_protocol(simulation: Simulation) -> None:
    probe(simulation)


@pytest.mark.parametrize(
    ("schedule", "shown"),
    [
        (Schedule(), ["STARTED", "SUCCESS"]),
        (Schedule(pipeline=Ending.RAISES), ["STARTED", "FAILURE"]),
        (
            Schedule(acts=(Act("cancel", FaultPoint("user", Operation.REACH, "started")),)),
            ["REVOKED"],
        ),
    ],
    ids=["returned", "raised", "revoked"],
)
def test_without_a_fault_it_records_what_happened(
    simulation: Simulation, schedule: Schedule, shown: list[str]
) -> None:
    history = simulation.play(schedule).history
    assert statuses(history) == shown
    assert {each.verdict for each in judge(history)} == {Verdict.HOLDS}


def test_a_lock_that_outlasts_every_try_turns_success_into_failure() -> None:
    known = load_scenario(SCENARIO)
    assert replay(known).matches(known)


@pytest.mark.parametrize(
    ("tries", "last"),
    [(6, "SUCCESS"), (7, "FAILURE"), (14, "FAILURE"), (15, "STARTED")],
)
def test_how_long_the_lock_lasts_decides(simulation: Simulation, tries: int, last: str) -> None:
    at = "worker execute UPDATE celery_taskmeta #2"
    schedule = Schedule.parse(f"pipeline succeeds; fault busy at {at} x{tries}")
    assert statuses(simulation.play(schedule).history)[-1] == last


@pytest.mark.parametrize("somebody_writes", [True, False], ids=["locked", "free"])
def test_so_it_is_on_the_real_engine(tmp_path: Path, *, somebody_writes: bool) -> None:
    """Outside of any simulation: a writer holds the lock until Celery gives up."""
    signals = pytest.importorskip("celery.signals")
    trace = pytest.importorskip("celery.app.trace")
    file = tmp_path / "celery.db"
    app = celery.Celery(backend=f"db+sqlite:///{file}", set_as_current=False)
    app.conf.database_engine_options = {"connect_args": {"timeout": 0}}
    app.backend.ResultSession().close()

    with closing(sqlite3.connect(file, isolation_level=None)) as writer:

        def job() -> str:
            if somebody_writes:
                writer.execute("BEGIN IMMEDIATE")
            return "done"

        def end_of_the_writer(**_: object) -> None:
            writer.execute("COMMIT")

        task = app.task(job, name="job", shared=False)
        traced = trace.build_tracer(task.name, task, app=app)
        signals.task_internal_error.connect(end_of_the_writer)
        try:
            if somebody_writes:
                with pytest.warns(RuntimeWarning, match="failed to store result"):
                    traced("1", (), {}, {"id": "1"})
            else:
                traced("1", (), {}, {"id": "1"})
        finally:
            signals.task_internal_error.disconnect(end_of_the_writer)

    assert app.AsyncResult("1").status == ("FAILURE" if somebody_writes else "SUCCESS")
