from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sample_histories import broken_result, mission_bug, passing_result

from runfaults.model import EarlyEnd, Judgement, Tally, Verdict
from runfaults.report.wording import headline


@pytest.mark.parametrize(
    ("tally", "verdict"),
    [
        (Tally(3, 0, 0), Verdict.HOLDS),
        (Tally(3, 0, 1), Verdict.UNKNOWN),
        (Tally(3, 1, 1), Verdict.BROKEN),
        (Tally(), Verdict.UNKNOWN),
        (Tally(3, exercised=1), Verdict.HOLDS),
        (Tally(3, exercised=0), Verdict.NOT_EXERCISED),
        (Tally(3, 1, exercised=0), Verdict.BROKEN),
        (Tally(3, 0, 1, exercised=0), Verdict.UNKNOWN),
    ],
)
def test_a_tally_gives_the_worst_verdict_and_nothing_counted_is_no_pass(
    tally: Tally, verdict: Verdict
) -> None:
    assert tally.verdict is verdict
    assert tally.total == sum(tally[:3])


def test_a_result_is_as_bad_as_its_worst_rule() -> None:
    passing = passing_result()
    assert passing.verdict is Verdict.HOLDS
    assert replace(passing, rules={"a": Tally(9, 0, 1)}).verdict is Verdict.UNKNOWN
    assert replace(passing, rules={"a": Tally(9, 1, 1)}).verdict is Verdict.BROKEN


def test_a_check_that_ran_nothing_does_not_pass() -> None:
    assert replace(passing_result(), schedules=Tally(), rules={}).verdict is Verdict.UNKNOWN


def test_a_rule_that_was_not_exercised_takes_nothing_from_the_others() -> None:
    rules = {"a": Tally(9, exercised=1), "b": Tally(9, exercised=0)}
    result = replace(passing_result(), rules=rules)
    assert result.verdict is Verdict.HOLDS
    assert result.exercised == 1


@pytest.mark.parametrize(
    "change",
    [
        {"rules": {"b": Tally(9, exercised=0)}},
        {"rules": {}},
        {"notes": ("a schedule could not be played",)},
        {"doubts": ("a history was another one",)},
        {"not_reached": ("some",), "interrupted": EarlyEnd.USER},
    ],
)
def test_what_proves_nothing_is_unknown_and_breaks_nothing(change: dict[str, Any]) -> None:
    assert replace(passing_result(), **change).verdict is Verdict.UNKNOWN
    assert replace(broken_result(), **{**change, "rules": broken_result().rules}).verdict is (
        Verdict.BROKEN
    )


def test_a_budget_that_ended_is_unfinished_unless_a_rule_is_broken() -> None:
    result = replace(passing_result(), not_reached=("some",))
    assert result.verdict is Verdict.UNFINISHED
    assert {result.verdict_of(rule) for rule in result.rules} == {Verdict.UNFINISHED}
    assert replace(broken_result(), not_reached=("some",)).verdict is Verdict.BROKEN


def test_a_check_is_finished_unless_something_was_not_reached() -> None:
    assert passing_result().finished
    assert not broken_result().finished


def test_a_violation_names_the_judgements_against_it() -> None:
    violation = mission_bug()
    assert [judgement.rule for judgement in violation.failing] == ["succeeded-never-failed"]
    unknown = replace(violation, judgements=(Judgement("a", Verdict.UNKNOWN, "hung"),))
    assert unknown.failing == unknown.judgements
    assert replace(violation, judgements=(Judgement("a", Verdict.HOLDS),)).failing == ()


def test_one_schedule_is_not_several() -> None:
    one = replace(passing_result(), schedules=Tally(1), rules={"a": Tally(1, exercised=1)})
    assert headline(one) == "holds under all 1 schedule: 1 of 1 rules exercised"
    assert headline(replace(one, schedules=Tally(2), noun="run")).startswith(
        "holds under all 2 runs"
    )


def test_a_broken_one_that_was_interrupted_says_so() -> None:
    result = broken_result()
    assert headline(result).endswith("; the bound was not covered")
    cut = replace(result, interrupted=EarlyEnd.USER)
    assert headline(cut).endswith("; the bound was not covered: it was interrupted")
