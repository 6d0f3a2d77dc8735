from __future__ import annotations

from dataclasses import replace

import pytest
from sample_histories import broken_result, mission_bug, passing_result

from runfaults.model import Judgement, Tally, Verdict


@pytest.mark.parametrize(
    ("tally", "verdict"),
    [
        (Tally(3, 0, 0), Verdict.HOLDS),
        (Tally(3, 0, 1), Verdict.UNKNOWN),
        (Tally(3, 1, 1), Verdict.BROKEN),
        (Tally(), Verdict.UNKNOWN),
    ],
)
def test_a_tally_gives_the_worst_verdict_and_nothing_counted_is_no_pass(
    tally: Tally, verdict: Verdict
) -> None:
    assert tally.verdict is verdict
    assert tally.total == sum(tally)


def test_a_result_is_as_bad_as_its_worst_rule() -> None:
    passing = passing_result()
    assert passing.verdict is Verdict.HOLDS
    assert replace(passing, rules={"a": Tally(9, 0, 1)}).verdict is Verdict.UNKNOWN
    assert replace(passing, rules={"a": Tally(9, 1, 1)}).verdict is Verdict.BROKEN


def test_a_check_that_ran_nothing_does_not_pass() -> None:
    assert replace(passing_result(), schedules=Tally(), rules={}).verdict is Verdict.UNKNOWN


def test_a_check_is_finished_unless_something_was_not_reached() -> None:
    assert passing_result().finished
    assert not broken_result().finished


def test_a_violation_names_the_judgements_against_it() -> None:
    violation = mission_bug()
    assert [judgement.rule for judgement in violation.against] == ["succeeded-never-failed"]
    unknown = replace(violation, judgements=(Judgement("a", Verdict.UNKNOWN, "hung"),))
    assert unknown.against == unknown.judgements
    assert replace(violation, judgements=(Judgement("a", Verdict.HOLDS),)).against == ()
