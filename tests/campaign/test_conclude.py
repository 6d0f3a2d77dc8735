"""A result says what is unknown: it neither drops it nor takes it for a pass."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from runfaults.campaign.baseline import load_baseline
from runfaults.campaign.campaign import Campaign
from runfaults.campaign.conclude import conclude
from runfaults.campaign.running import Outcome
from runfaults.explore.findings import Findings
from runfaults.explore.runner import Runner
from runfaults.model import Schedule, Tally, Verdict
from runfaults.sim.simulation import Simulation
from runfaults.targets import target_named
from small_checks import SMALL, SOUND

RULE = "succeeded-never-failed"


@pytest.fixture
def doubtful() -> Outcome:
    """One schedule that passed, and one of which a rule could not say."""
    found = Findings()
    with Simulation(target_named(SOUND)) as simulation:
        passed = Runner(simulation).run(Schedule())
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
    rules: tuple[str, ...] | None, doubtful: Outcome
) -> None:
    result = conclude(Campaign(SOUND, SMALL, rules), doubtful)
    assert result.verdict is Verdict.UNKNOWN
    assert result.schedules == Tally(holds=1, unknown=1)
    assert result.rules[RULE].verdict is Verdict.UNKNOWN
    assert result.rules["nothing-leaks" if len(result.rules) > 1 else RULE].total == 2
    (violation,) = result.violations
    assert violation.verdict is Verdict.UNKNOWN
    assert violation.scenario.rules == (RULE,)


def test_what_no_reported_rule_doubts_holds(doubtful: Outcome) -> None:
    result = conclude(Campaign(SOUND, SMALL, ("nothing-leaks",)), doubtful)
    assert result.verdict is Verdict.HOLDS
    assert result.violations == ()


def test_a_baseline_does_not_hide_what_could_not_be_judged(
    doubtful: Outcome, tmp_path: Path
) -> None:
    baseline = load_baseline(tmp_path / "baseline.toml", update=True)
    result = conclude(Campaign(SOUND, SMALL), doubtful, baseline=baseline)
    assert result.verdict is Verdict.UNKNOWN
    assert [each.verdict for each in result.violations] == [Verdict.UNKNOWN]
