"""What a target does not offer is not played, and no schedule counts for it."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from runfaults.campaign.bounds import bound_named
from runfaults.campaign.campaign import Campaign
from runfaults.campaign.running import Options, run_campaign
from runfaults.cli.check import command
from runfaults.explore.job import Allowance, Scope
from runfaults.explore.samples import Samples
from runfaults.explore.search import Search
from runfaults.explore.strategy import Strategy
from runfaults.explore.sweep import Sweep
from runfaults.model import Schedule
from runfaults.model.listener import Listener
from runfaults.sim.acts import ACTS
from runfaults.targets.target import TargetError
from runfaults.testing.strategies import schedules
from small_checks import checked

PLANTED = Path(__file__).parents[1] / "planted.py"
WITHOUT, WITH = f"{PLANTED}:NeverCancelled", f"{PLANTED}:Jobs"

CANCELS = ("cancel", "cancel-twice", "cancel-unknown", "cancel-api")
WHOLE = Scope(kinds=("busy",), acts=(*CANCELS, "start"))
STRATEGIES = [
    Sweep(WHOLE),
    Search(WHOLE, Allowance(0, 1, 0), reduce=True),
    pytest.param(Samples(WHOLE, samples=8, depth=2), marks=pytest.mark.nightly),
]


@pytest.mark.parametrize("strategy", STRATEGIES, ids=lambda each: type(each).__name__)
def test_a_strategy_plays_no_act_that_is_not_offered(strategy: Strategy) -> None:
    with_cancel, without = (checked(target, strategy) for target in (WITH, WITHOUT))
    missing = "the target's manager offers no {}: not among the acts tried"
    assert without.remarks == (missing.format(", ".join(CANCELS)),)
    assert with_cancel.remarks == (missing.format("cancel-api"),)
    assert "cancel" in with_cancel.regions[0].description
    assert "cancel" not in without.regions[0].description
    assert 0 < without.schedules.total <= with_cancel.schedules.total


def test_acts_that_are_not_offered_add_no_schedule() -> None:
    none = Search(Scope(acts=()), Allowance(0, 1, 0), reduce=True)
    cancels = Search(Scope(acts=CANCELS), Allowance(0, 1, 0), reduce=True)
    assert checked(WITHOUT, cancels).schedules == checked(WITHOUT, none).schedules
    assert checked(WITH, cancels).schedules.total > checked(WITH, none).schedules.total


def test_our_own_manager_offers_every_act() -> None:
    outcome = run_campaign(
        Campaign("genglossary", (Search(Scope(acts=tuple(ACTS)), Allowance(0, 0, 0)),)),
        Options(processes=1),
        Listener(),
    )
    assert outcome.remarks == ()


def test_a_check_of_nothing_else_is_refused() -> None:
    asked = ["--target", WITHOUT, "--bound", "0,1,0", "--only", "cancel", "--jobs", "1"]
    ended = CliRunner().invoke(command, asked)
    assert isinstance(ended.exception, TargetError)
    assert "offers none of the acts that --only names, cancel:" in str(ended.exception)


def test_it_is_refused_before_a_schedule_runs(tmp_path: Path) -> None:
    asked = ["--target", WITHOUT, "--bound", "1,1,0", "--only", "busy", "--jobs", "1"]
    state = tmp_path / "state"
    refused = CliRunner().invoke(command, [*asked, "--only", "cancel", "--state", str(state)])
    assert isinstance(refused.exception, TargetError)
    assert not state.exists()
    CliRunner().invoke(command, [*asked, "--only", "start", "--state", str(state)])
    assert state.exists()


def test_the_other_acts_of_the_default_bound_are_left() -> None:
    acts = {act for each in bound_named("default").strategies for act in each.scope.acts}
    assert {"start", "start-elsewhere", "close"} <= acts


@settings(max_examples=10)
@given(st.data())
def test_no_cancel_is_drawn(data: st.DataObject) -> None:
    schedule = data.draw(schedules(WITHOUT, cancels=1, actors=("start",), preemptions=0))
    assert isinstance(schedule, Schedule)
    assert {act.kind for act in schedule.acts} <= {"start"}
