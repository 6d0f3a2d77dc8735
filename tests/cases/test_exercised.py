"""A rule that never came up is never ticked, in any report."""

from __future__ import annotations

import json
from typing import Any
from xml.etree import ElementTree as ET

JOBS = """
    from jobs import JobsTarget

    class Target(JobsTarget):
        pass
"""

NEVER = {
    "cancelled-never-failed",
    "accepted-cancel-is-cancelled",
    "cancelled-has-a-cause",
    "signal-matches-record",
    "one-active-run",
    "start-refused-only-while-active",
    "cancel-refused-only-when-decided",
    "answers-match-the-database",
    "crash-loses-no-recorded-outcome",
    "orphan-is-interrupted-not-failed",
    "recovery-is-idempotent",
}
"""Nobody cancels these jobs, hears of them or recovers them, and one is started."""


def test_every_report_tells_what_was_exercised(here: Any) -> None:
    told = here.check(JOBS, "--json", "result.json", "--junit", "result.xml")
    assert told.code == 0
    assert "✓ 11 rules hold" in told.text
    assert "- 11 were never exercised: cancelled-never-failed, " in told.text
    assert "holds under all 2 schedules: 11 of 22 rules exercised" in told.text
    result = json.loads((here.folder / "result.json").read_text("utf-8"))
    rules = result["rules"]
    assert {rule for rule in rules if rules[rule]["verdict"] == "not exercised"} == NEVER
    assert {rule for rule in rules if not rules[rule]["exercised"]} == NEVER
    cases = ET.parse(here.folder / "result.xml").getroot().iter("testcase")
    assert {case.get("name") for case in cases if case.find("skipped") is not None} == NEVER


def test_a_rule_that_was_asked_for_and_never_came_up_is_unknown(here: Any) -> None:
    told = here.check(JOBS, "--only", "accepted-cancel-is-cancelled", "--json", "result.json")
    assert told.code == 3
    assert "unknown: no rule was exercised by the 2 schedules" in told.text
    result = json.loads((here.folder / "result.json").read_text("utf-8"))
    assert result["verdict"] == "unknown"


def test_one_of_several_that_came_up_is_enough(here: Any) -> None:
    names = ("succeeded-never-failed", "accepted-cancel-is-cancelled")
    told = here.check(JOBS, *(word for name in names for word in ("--only", name)))
    assert told.code == 0
    assert "holds under all 2 schedules: 1 of 2 rules exercised" in told.text


SCENARIO = """
    name = "given"
    symptom = "what the file says"
    target = "target.py:Target"
    rules = ["{rule}"]
    expect = "holds"
    {more}
"""


def replayed(here: Any, rule: str, more: str = "") -> Any:
    here.write("target.py", JOBS)
    here.write("given.toml", SCENARIO.format(rule=rule, more=more))
    return here.run("replay", "given.toml")


def test_a_scenario_that_does_not_exercise_its_rule_is_unknown(here: Any) -> None:
    told = replayed(here, "accepted-cancel-is-cancelled")
    assert told.code == 3
    assert "unknown (expected holds)" in told.text
    assert "accepted-cancel-is-cancelled: not exercised: nothing that it judges" in told.text
    assert replayed(here, "succeeded-never-failed").code == 0


def test_a_scenario_with_an_act_that_the_target_has_not_is_wrong_usage(here: Any) -> None:
    act = 'act = [{kind = "cancel", at = "run execute UPDATE jobs"}]'
    told = replayed(here, "succeeded-never-failed", act)
    assert told.code == 2
    assert "'cancel at run execute UPDATE jobs' cannot happen" in told.text
    assert "it offers start, start-elsewhere, again, again-and-again, reopen, close" in told.text


def test_a_scenario_with_an_ending_that_the_target_has_not_is_wrong_usage(here: Any) -> None:
    told = replayed(here, "succeeded-never-failed", 'schedule.pipeline = "raises-when-closed"')
    assert told.code == 2
    assert "'pipeline raises-when-closed' cannot happen" in told.text


def test_faults_that_can_strike_nowhere_prove_nothing(here: Any) -> None:
    asked = here.check(JOBS, "--bound", "1,0,0", "--only", "busy-snapshot", "--json", "r.json")
    assert asked.code == 3
    assert "unknown: no fault could strike anywhere, of busy-snapshot;" in asked.text
    assert json.loads((here.folder / "r.json").read_text("utf-8"))["unstruck"] == ["busy-snapshot"]
    assert here.check(JOBS, "--bound", "0,0,0").code == 0, "none was to strike"
