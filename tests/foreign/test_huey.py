"""Huey with SqliteHuey: that the adapter sees what Huey records, and what the page says of it."""

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
from runfaults.targets.huey import Huey

huey: Any = pytest.importorskip("huey", reason="needs the extra huey")

SCENARIOS = Path(__file__).parents[2] / "faults" / "targets"


@pytest.fixture
def simulation() -> Iterator[Simulation]:
    with Simulation(Huey()) as entered:
        yield entered


def test_it_keeps_the_protocol(simulation: Simulation) -> None:
    probe(simulation)


@pytest.mark.parametrize(
    ("schedule", "shown"),
    [
        (Schedule(), ["queued", "taken", "result"]),
        (Schedule(pipeline=Ending.RAISES), ["queued", "taken", "error"]),
        (
            Schedule(acts=(Act("cancel", FaultPoint("user", Operation.REACH, "started")),)),
            ["queued", "revoked"],
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


def test_a_lock_that_outlasts_the_timeout_loses_the_result() -> None:
    known = load_scenario(SCENARIOS / "huey-result-lost-to-a-lock.toml")
    played = replay(known)
    assert played.matches(known)


@pytest.mark.parametrize("somebody_writes", [True, False], ids=["locked", "free"])
def test_so_it_is_on_the_real_engine(tmp_path: Path, *, somebody_writes: bool) -> None:
    """Outside of any simulation: a writer takes the lock while the task is at work."""
    file = tmp_path / "huey.db"
    queue = huey.SqliteHuey(filename=str(file), timeout=0)

    with closing(sqlite3.connect(file, isolation_level=None)) as writer:

        @queue.task()
        def job() -> str:
            if somebody_writes:
                writer.execute("BEGIN IMMEDIATE")
            return "done"

        result = job()
        task = queue.dequeue()
        if somebody_writes:
            with pytest.raises(sqlite3.OperationalError, match="database is locked"):
                queue.execute(task)
            writer.execute("COMMIT")
        else:
            assert queue.execute(task) == "done"

    assert queue.pending() == []
    assert result.get() == (None if somebody_writes else "done")
    queue.storage.close()
