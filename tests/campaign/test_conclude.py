"""A result says what is unknown: it neither drops it nor takes it for a pass."""

from __future__ import annotations

import signal
from dataclasses import replace
from pathlib import Path

import pytest

from runfaults.campaign.baseline import load_baseline
from runfaults.campaign.campaign import Campaign
from runfaults.campaign.conclude import conclude
from runfaults.campaign.running import Options, Outcome, run_campaign
from runfaults.explore.findings import Findings
from runfaults.explore.runner import Runner
from runfaults.model import Schedule, Tally, Verdict
from runfaults.model.listener import Listener
from runfaults.sim.simulation import Simulation
from runfaults.targets import target_named
from runfaults.user_code import interruptions
from small_checks import BROKEN, SMALL, SOUND, heeding, undisturbed

RULE = "succeeded-never-failed"


def doubtful(rules: tuple[str, ...] | None = None) -> Outcome:
    """One schedule that passed, and one of which a rule could not say."""
    found = Findings()
    with Simulation(target_named(SOUND)) as simulation:
        passed = Runner(simulation, rules).run(Schedule())
    doubted = tuple(
        each._replace(verdict=Verdict.UNKNOWN, reason="the audit was cut off")
        if each.rule == RULE
        else each
        for each in passed.judgements
    )
    found.add(passed)
    found.add(replace(passed, judgements=doubted))
    return Outcome(found, 0.0)


@pytest.mark.parametrize("rules", [None, (RULE,), (RULE, "nothing-leaks")], ids=str)
def test_what_could_not_be_judged_is_unknown(
    rules: tuple[str, ...] | None,
) -> None:
    result = conclude(Campaign(SOUND, SMALL, rules), doubtful(rules))
    assert result.verdict is Verdict.UNKNOWN
    assert result.schedules == Tally(holds=1, unknown=1)
    assert result.rules[RULE].verdict is Verdict.UNKNOWN
    assert result.rules["nothing-leaks" if len(result.rules) > 1 else RULE].total == 2
    (violation,) = result.violations
    assert violation.verdict is Verdict.UNKNOWN
    assert violation.scenario.rules == (RULE,)


def test_what_no_reported_rule_doubts_holds() -> None:
    result = conclude(Campaign(SOUND, SMALL, ("nothing-leaks",)), doubtful(("nothing-leaks",)))
    assert result.verdict is Verdict.HOLDS
    assert result.violations == ()


def test_a_baseline_does_not_hide_what_could_not_be_judged(tmp_path: Path) -> None:
    baseline = load_baseline(tmp_path / "baseline.toml", update=True)
    result = conclude(Campaign(SOUND, SMALL), doubtful(), baseline=baseline)
    assert result.verdict is Verdict.UNKNOWN
    assert [each.verdict for each in result.violations] == [Verdict.UNKNOWN]


@pytest.fixture
def outcome() -> Outcome:
    """Violations of a target that is broken."""
    return undisturbed(BROKEN)


def test_a_violation_that_does_not_come_again_is_a_doubt(outcome: Outcome) -> None:
    result = conclude(Campaign(SOUND, SMALL), outcome)
    assert result.verdict is Verdict.UNKNOWN
    assert result.violations == ()
    assert any("was not reproduced; schedule: pipeline" in doubt for doubt in result.doubts)
    assert sum(tally.broken for tally in result.rules.values()) == result.schedules.broken == 0
    assert result.schedules.total == outcome.found.verdicts.total()


def test_one_that_comes_again_is_none(outcome: Outcome) -> None:
    result = conclude(Campaign(BROKEN, SMALL), outcome)
    assert result.verdict is Verdict.BROKEN
    assert result.doubts == ()
    assert result.schedules.broken == outcome.found.verdicts[Verdict.BROKEN]


def test_without_time_left_each_violation_is_shown_as_it_was_found(outcome: Outcome) -> None:
    result = conclude(Campaign(BROKEN, SMALL), outcome, should_stop=lambda: True)
    smallest = {str(each.schedule) for each in outcome.found.witnesses.values()}
    assert {str(each.scenario.schedule) for each in result.violations} == smallest
    assert [each.evidence for each in result.violations] == [None] * len(result.violations)
    assert any("no time left to minimise" in remark for remark in result.remarks)


@pytest.mark.parametrize("asked", [0, 2, 5])
def test_ctrl_c_cuts_the_conclusion_short(outcome: Outcome, asked: int) -> None:
    answers = iter([False] * asked)

    def press() -> bool:
        if next(answers, True):
            signal.raise_signal(signal.SIGINT)
        return False

    with heeding():
        interruptions.asked_for = True
        result = conclude(Campaign(BROKEN, SMALL), outcome, should_stop=press)
        assert interruptions.count == 1
    assert result.verdict is Verdict.BROKEN
    assert result.violations
    assert any("no time left to minimise" in remark for remark in result.remarks)


def test_several_rules_give_the_schedules_that_break_any_of_them() -> None:
    whole = undisturbed(BROKEN).found
    broken = {rule for rule, verdict in whole.rules if verdict is Verdict.BROKEN}
    assert len(broken) > 1
    chosen = Campaign(BROKEN, SMALL, tuple(broken))
    found = run_campaign(chosen, Options(processes=1), Listener()).found
    assert found.verdicts == whole.verdicts
    assert {rule for rule, _ in found.rules} == broken


def test_where_no_time_is_left_no_schedule_is_played_and_no_violation_lost(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    outcome = undisturbed(BROKEN)

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a schedule was played")

    monkeypatch.setattr(Runner, "run", refuse)
    campaign = Campaign(BROKEN, SMALL)
    result = conclude(campaign, outcome, save_to=tmp_path, should_stop=lambda: True)
    assert result.verdict is Verdict.BROKEN
    assert result.violations
    assert all(each.saved_to for each in result.violations)
    assert any("there was no time left to minimise" in each for each in result.remarks)
