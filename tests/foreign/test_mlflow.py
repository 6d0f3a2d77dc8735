"""MLflow with runs in SQLite: that the adapter sees what it records, and the page's claims."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from shown import statuses

from runfaults.explore.probe import probe
from runfaults.explore.runner import Runner
from runfaults.model import Ending, Schedule, Verdict
from runfaults.oracle.judge import judge
from runfaults.scenario.file import load_scenario
from runfaults.sim.simulation import Simulation
from runfaults.targets.mlflow import Mlflow

os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"  # or it starts a thread when it is imported
mlflow: Any = pytest.importorskip("mlflow", reason="needs the extra mlflow")
pytest.importorskip("sqlalchemy", reason="needs the extra mlflow")
pytest.importorskip("alembic", reason="needs the extra mlflow")

SCENARIOS = Path(__file__).parents[2] / "faults" / "targets"

END = "run execute UPDATE runs"


@pytest.fixture(scope="module")
def simulation() -> Iterator[Simulation]:
    with Simulation(Mlflow()) as entered:
        yield entered


def test_it_keeps_the_protocol(simulation: Simulation) -> None:
    probe(simulation)


@pytest.mark.parametrize(
    ("ending", "shown"),
    [
        (Ending.SUCCEEDS, ["RUNNING", "FINISHED"]),
        (Ending.RAISES, ["RUNNING", "FAILED"]),
        (Ending.EXITS, ["RUNNING", "FAILED"]),
    ],
)
def test_without_a_fault_it_records_what_happened(
    simulation: Simulation, ending: Ending, shown: list[str]
) -> None:
    schedule = Schedule(pipeline=ending)
    history = simulation.play(schedule).history
    assert statuses(history) == shown
    assert {each.verdict for each in judge(history)} == {Verdict.HOLDS}


@pytest.mark.parametrize("ending", ["succeeds", "raises"])
def test_one_lock_leaves_it_running(simulation: Simulation, ending: str) -> None:
    schedule = Schedule.parse(f"pipeline {ending}; fault busy at {END}")
    assert statuses(simulation.play(schedule).history) == ["RUNNING"]


@pytest.mark.parametrize(
    ("commit", "shown"), [(2, ["RUNNING"]), (3, ["RUNNING", "FINISHED"])], ids=["begin", "end"]
)
def test_a_lost_answer(simulation: Simulation, commit: int, shown: list[str]) -> None:
    schedule = Schedule.parse(
        f"pipeline succeeds; fault lost-acknowledgement at run commit #{commit}"
    )
    history = simulation.play(schedule).history
    assert statuses(history) == shown
    held = {each.verdict for each in judge(history)} == {Verdict.HOLDS}
    assert held is (commit == 3)


def test_its_scenarios_play_as_they_say(simulation: Simulation) -> None:
    for name in "mlflow-run-left-running", "mlflow-killed-run-shows-as-finished":
        known = load_scenario(SCENARIOS / f"{name}.toml")
        assert Runner(simulation).run(known.schedule).matches(known)


def test_outside_of_a_simulation_the_one_who_writes_last_is_right(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    mlflow.set_tracking_uri(f"sqlite:///{tmp_path / 'runs.db'}")
    client = mlflow.MlflowClient()
    with mlflow.start_run() as run:
        client.set_terminated(run.info.run_id, "KILLED")
        assert client.get_run(run.info.run_id).info.status == "KILLED"
    assert client.get_run(run.info.run_id).info.status == "FINISHED"
    client._tracking_client.store.engine.dispose()
