"""Every rule catches its planted bugs and passes their innocent twins."""

from __future__ import annotations

from typing import Any

from runfaults.model import Judgement, Verdict
from runfaults.oracle import RULES, Facts, rule_named


def test_rule_on_its_control(control: Any) -> None:
    rule = rule_named(control.rule)
    judgement = rule.judge(control.history, Facts.of(control.history))
    expected = Judgement(control.rule, control.verdict, control.reason, control.evidence)
    assert judgement == expected


def test_every_rule_has_a_planted_bug_a_twin_and_an_unknown_case(controls: list[Any]) -> None:
    covered = {(control.rule, control.verdict) for control in controls}
    assert covered == {(rule.name, verdict) for rule in RULES for verdict in Verdict}
