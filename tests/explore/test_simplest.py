from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from runfaults.explore import simplest as module
from runfaults.explore.simplest import simplest
from runfaults.model import Schedule
from runfaults.sim.simulation import Simulation
from runfaults.targets import target_named

PLANTED = Path(__file__).with_name("planted.py")
RULES = frozenset({"succeeded-never-failed"})
SMALLEST = "pipeline succeeds; fault busy at run execute UPDATE jobs"


@pytest.fixture(scope="module")
def simulation() -> Iterator[Simulation]:
    with Simulation(target_named(f"{PLANTED}:Jobs")) as entered:
        yield entered


@pytest.mark.parametrize(
    "schedule",
    [
        SMALLEST,
        # Another kind at another point: lowering one alone gives a schedule that passes.
        "pipeline succeeds; fault full at run commit #3",
        "pipeline succeeds; fault busy at run execute UPDATE jobs x2; act close at run commit",
        "pipeline notices-cancel; fault busy at run execute UPDATE jobs; journal wal",
    ],
)
def test_whatever_it_began_with_the_same_one_comes_out(
    simulation: Simulation, schedule: str
) -> None:
    assert str(simplest(simulation, Schedule.parse(schedule), RULES)) == SMALLEST


def test_only_the_same_rule_counts(simulation: Simulation) -> None:
    schedule = Schedule.parse(SMALLEST)
    assert simplest(simulation, schedule, frozenset({"nothing-leaks"})) == schedule


def test_it_gives_up_in_time(simulation: Simulation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_RUNS", 1)
    schedule = Schedule.parse("pipeline succeeds; fault full at run commit #3; journal wal")
    assert simplest(simulation, schedule, RULES) == schedule
