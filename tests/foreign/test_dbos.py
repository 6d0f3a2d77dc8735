"""DBOS with its system database in SQLite: that the adapter sees it, and the page's claims."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from shown import statuses

from runfaults.explore.probe import probe
from runfaults.explore.runner import Runner
from runfaults.model import Act, Ending, FaultPoint, Operation, Schedule, Verdict
from runfaults.oracle.judge import judge
from runfaults.scenario.file import load_scenario
from runfaults.sim.simulation import Simulation
from runfaults.targets.dbos import Dbos

pytest.importorskip("dbos", reason="needs the extra dbos")

SCENARIO = Path(__file__).parents[2] / "faults" / "targets" / "dbos-workflow-left-pending.toml"


@pytest.fixture(scope="module")
def simulation() -> Iterator[Simulation]:
    with Simulation(Dbos()) as entered:
        yield entered


def test_it_keeps_the_protocol(simulation: Simulation) -> None:
    probe(simulation)


@pytest.mark.parametrize(
    ("schedule", "shown"),
    [
        (Schedule(), ["PENDING", "SUCCESS"]),
        (Schedule(pipeline=Ending.RAISES), ["PENDING", "ERROR"]),
        (
            Schedule(acts=(Act("cancel", FaultPoint("user", Operation.REACH, "started")),)),
            ["PENDING", "CANCELLED"],
        ),
    ],
    ids=["returned", "raised", "cancelled"],
)
def test_without_a_fault_it_records_what_happened(
    simulation: Simulation, schedule: Schedule, shown: list[str]
) -> None:
    history = simulation.play(schedule).history
    assert statuses(history) == shown
    assert {each.verdict for each in judge(history)} == {Verdict.HOLDS}


@pytest.mark.parametrize(
    ("fault", "shown"),
    [
        ("busy at executor commit until lifted", ["PENDING", "SUCCESS"]),
        ("lost-acknowledgement at executor commit", ["PENDING", "SUCCESS"]),
        ("ioerr-write at executor commit", ["PENDING"]),
    ],
)
def test_a_lock_is_waited_out_and_an_error_of_the_disk_is_not(
    simulation: Simulation, fault: str, shown: list[str]
) -> None:
    schedule = Schedule.parse(f"pipeline succeeds; fault {fault}")
    assert statuses(simulation.play(schedule).history) == shown


def test_a_runtime_that_a_schedule_left_behind_does_not_disturb_the_next(
    simulation: Simulation,
) -> None:
    before = simulation.play(Schedule()).history.text()
    stuck = "closed at user fetch SELECT application_versions #2"
    simulation.play(Schedule.parse(f"pipeline succeeds; fault {stuck}"))
    assert simulation.play(Schedule()).history.text() == before


LEAVES_A_RUNTIME = """
from runfaults.model import Schedule
from runfaults.sim.simulation import Simulation
from runfaults.targets.dbos import Dbos

for fault in ("; fault closed at user fetch SELECT application_versions #2", ""):
    with Simulation(Dbos()) as simulation:
        print(simulation.play(Schedule.parse("pipeline succeeds" + fault)).struck)
"""


def test_nor_the_next_simulation() -> None:
    """As of the one in which a violation is tried for real."""
    done = subprocess.run(
        [sys.executable, "-c", LEAVES_A_RUNTIME], capture_output=True, text=True, check=False
    )
    assert done.stdout == "(1,)\n()\n", done.stderr


def test_its_scenario_plays_as_it_says(simulation: Simulation) -> None:
    known = load_scenario(SCENARIO)
    assert Runner(simulation).run(known.schedule).matches(known)
