"""What a listener hears: each broken rule as soon as it is found, with what replays it."""

from __future__ import annotations

from pathlib import Path

import pytest

from planted_races import CONTROLS
from runfaults.campaign.running import Options, run_campaign
from runfaults.model import Verdict, Violation
from runfaults.model.listener import Listener
from runfaults.scenario.file import load_scenario
from small_checks import BROKEN, SOUND, campaign_of, concluded, explored, undisturbed


class Hearing(Listener):
    """Notes what it hears, in order."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.found_ones: list[Violation] = []

    def advance(self, *_: object, **__: object) -> None:
        self.heard.append("job")

    def found(self, violation: Violation) -> None:
        assert violation.verdict is Verdict.BROKEN
        assert violation.history.schedule.size
        self.heard += [each.rule for each in violation.failing]
        self.found_ones.append(violation)


@pytest.mark.parametrize("processes", [1, 2])
def test_each_broken_rule_is_told_before_the_end(processes: int, tmp_path: Path) -> None:
    hearing = Hearing()
    outcome = explored(BROKEN, hearing, processes=processes, save_to=tmp_path)
    told = {each for each in hearing.heard if each != "job"}
    broken = {rule for rule, verdict in outcome.found.witnesses if verdict is Verdict.BROKEN}
    assert told == broken
    assert hearing.heard.index("succeeded-never-failed") < len(hearing.heard) - 1
    for violation in hearing.found_ones:
        assert violation.saved_to is not None
        assert load_scenario(Path(violation.saved_to)).schedule == violation.history.schedule
        assert violation.cause is not None
        assert violation.cause.decided_at is not None


def test_it_is_told_what_called_a_statement_that_serves_any_status() -> None:
    hearing = Hearing()
    explored(f"{CONTROLS / 'adapted.py'}:Adapted", hearing)
    causes = [each.cause for each in hearing.found_ones if each.cause is not None]
    called = {each.called_at.function for each in causes if each.called_at is not None}
    assert "run" in called


def test_one_deed_is_told_once() -> None:
    hearing = Hearing()
    outcome = explored(BROKEN, hearing)
    assert outcome.found.verdicts[Verdict.BROKEN] > len(hearing.found_ones)
    deeds = [(each.cause.deed, each.cause.rules) for each in hearing.found_ones if each.cause]
    assert len(set(deeds)) == len(deeds) == len(hearing.found_ones)


@pytest.mark.parametrize("processes", [1, 2])
def test_the_first_violation_may_end_it(processes: int) -> None:
    hearing = Hearing()
    outcome = explored(BROKEN, hearing, processes=processes, fail_fast=True)
    assert len(hearing.found_ones) >= 1
    assert outcome.not_reached
    assert not outcome.interrupted
    assert any("--fail-fast" in remark for remark in outcome.remarks)
    result = concluded(BROKEN, outcome)
    assert result.verdict is Verdict.BROKEN
    assert not result.finished
    assert result.schedules.total < undisturbed(BROKEN).found.verdicts.total()


def test_what_ends_at_the_first_violation_runs_whole_where_there_is_none() -> None:
    outcome = explored(SOUND, fail_fast=True)
    assert outcome.not_reached == ()
    assert outcome.remarks == ()


def test_where_nothing_is_broken_nothing_is_told() -> None:
    hearing = Hearing()
    explored(SOUND, hearing)
    assert set(hearing.heard) == {"job"}


def test_only_the_rules_that_are_reported_are_told() -> None:
    hearing = Hearing()
    campaign = campaign_of(BROKEN)
    limited = type(campaign)(campaign.target, campaign.strategies, ("nothing-leaks",))
    run_campaign(limited, Options(processes=1), hearing)
    assert set(hearing.heard) == {"job"}
