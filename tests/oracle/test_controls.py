"""Every rule catches its planted bugs, passes their innocent twins, and knows what is no case."""

from __future__ import annotations

from typing import Any

from runfaults.model import Verdict
from runfaults.oracle import RULES, Facts, rule_named


def test_rule_on_its_control(control: Any) -> None:
    rule = rule_named(control.rule)
    judgement = rule.judge(control.history, Facts.of(control.history))
    expected = (control.rule, control.verdict, control.reason, control.evidence)
    assert judgement[:4] == expected
    if control.verdict is not Verdict.UNKNOWN:
        assert judgement.exercised == (control.state != "not exercised")


def test_every_rule_has_a_planted_bug_a_twin_an_unknown_case_and_one_that_never_came_up(
    controls: list[Any],
) -> None:
    covered = {(control.rule, control.state) for control in controls}
    states = ["broken", "holds", "unknown", "not exercised"]
    assert covered == {(rule.name, state) for rule in RULES for state in states}
