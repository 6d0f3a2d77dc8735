"""What a reduced bound finds is what the whole bound finds: on every planted bug.

The nightly run compares them on real checkouts of GenGlossary too, where it is told of some:
`RUNFAULTS_CHECKOUTS=PATH:PATH uv run pytest -m nightly tests/controls/test_equivalence.py`
"""

from __future__ import annotations

import os
from dataclasses import replace

import pytest
from test_controls import CONTROLS, HERE, Control

from planted_races import (
    API_CANCEL,
    DOUBLE_START,
    LATE_CANCEL,
    LATE_SUBSCRIBER,
    LOCK_ORDER,
    PlantedRace,
)
from runfaults.explore.findings import Findings
from runfaults.explore.job import Allowance, Scope
from runfaults.explore.runner import Runner
from runfaults.explore.search import Search
from runfaults.sim.simulation import Simulation
from runfaults.targets import target_named
from runfaults.targets.checkout import PREFIX
from runfaults.targets.target import Target
from small_checks import run_whole

pytestmark = pytest.mark.nightly

CHECKOUTS = [each for each in os.environ.get("RUNFAULTS_CHECKOUTS", "").split(os.pathsep) if each]

PAIRS = Scope(("busy",), ("cancel",))
RACES = (API_CANCEL, DOUBLE_START, LATE_CANCEL, LATE_SUBSCRIBER, LOCK_ORDER)


def broken(found: Findings) -> set[tuple[str, ...]]:
    """The rules that one schedule breaks together, of each.

    Not the deed: that a cancel was accepted, and that the run was recorded as running, may commute,
    and the later of the two is told.
    """
    return {mark.rules for mark in found.causes}


def whole_and_reduced(target: Target, search: Search) -> tuple[Findings, Findings]:
    with Simulation(target) as simulation:
        runner = Runner(simulation)
        return (
            run_whole(runner, replace(search, reduce=False)),
            run_whole(runner, replace(search, reduce=True)),
        )


def pairs_of(control: Control) -> Search:
    """A fault with an act: its own ones, as far as it has any."""
    own = control.sweep[0].scope
    scope = replace(own, kinds=own.kinds or PAIRS.kinds, acts=own.acts or PAIRS.acts)
    return Search(scope, Allowance(1, 1, 0))


@pytest.mark.parametrize("control", CONTROLS, ids=str)
def test_pairs_of_a_fault_and_an_act(control: Control) -> None:
    target = target_named(f"{HERE / control.file}.py:{control.bug}")
    whole, fewer = whole_and_reduced(target, pairs_of(control))
    assert broken(whole)
    assert broken(fewer) == broken(whole)
    assert fewer.verdicts.total() < whole.verdicts.total()


@pytest.mark.parametrize("race", RACES, ids=str)
def test_an_act_and_a_pause(race: PlantedRace) -> None:
    search = Search(Scope(acts=(race.act,)), Allowance(0, 1, 1))
    whole, fewer = whole_and_reduced(target_named(race.target(race.bug)), search)
    assert broken(whole)
    assert broken(fewer) == broken(whole)
    assert fewer.verdicts.total() < whole.verdicts.total()


@pytest.mark.parametrize("path", CHECKOUTS)
def test_a_real_checkout(path: str) -> None:
    target = target_named(f"{PREFIX}{path}")
    whole, fewer = whole_and_reduced(target, Search(PAIRS, Allowance(1, 1, 0)))
    assert broken(fewer) == broken(whole)
    assert fewer.verdicts.total() < whole.verdicts.total()
