"""What a report is told of a soak."""

from __future__ import annotations

from io import StringIO

import pytest
from soak_journals import history

from runfaults.chaos.conclude import SHOWN, Circumstances, conclude
from runfaults.model import CheckResult, History, Verdict, Versions
from runfaults.report.terminal import print_result

KEPT = """
    0.1 start invoke
    audit {0} >running
    0.1 start reply {0} = {0}
    0.1 pipeline {0} = returned
    audit {0} running>completed
    last read invoke {0}
    last read reply {0} = completed
"""
STOLEN = """
    0.1 start invoke
    audit {0} >running
    0.1 start reply {0} = {0}
    audit {0} running>interrupted
    last read invoke {0}
    last read reply {0} = interrupted
"""


def concluded(told: History, *problems: str, reads: bool = True) -> CheckResult:
    how = Circumstances("runs", 1.5, Versions("3", "3", "0"), problems, ("a remark",), reads)
    return conclude(told, how)


def test_every_run_is_counted_once_for_each_rule() -> None:
    result = concluded(history(KEPT.format(1) + STOLEN.format(2) + STOLEN.format(3)))
    assert result.schedules[:3] == (1, 2, 0)
    assert result.rules["orphan-is-interrupted-not-failed"][:3] == (1, 2, 0)
    assert result.rules["terminal-is-final"][:3] == (3, 0, 0)
    assert result.verdict is Verdict.BROKEN
    assert result.regions[0].schedules == 3
    assert "runs, by what is recorded: 1 completed, 2 interrupted" in result.remarks


def test_a_few_violations_of_each_rule_are_shown_with_the_events_of_their_run() -> None:
    told = history(KEPT.format(9) + "".join(STOLEN.format(run) for run in range(1, 9)))
    result = concluded(told)
    assert len(result.violations) == SHOWN
    first = result.violations[0]
    assert first.scenario.name == "hand-written-chaos-run-1"
    assert [judgement.rule for judgement in first.failing] == ["orphan-is-interrupted-not-failed"]
    assert {event.run for event in first.history.events} <= {None, 1}
    texts = [str(event).split(" ", 2)[2] for event in first.history.events]
    assert texts == [
        "user@0.1 request start",
        "database status run=1  -> running",
        "user@0.1 reply run=1 start -> 1",
        "database status run=1 running -> interrupted",
        "user@last request run=1 read",
        "user@last reply run=1 read -> interrupted",
    ]
    (proof,) = first.failing[0].evidence
    assert told.events[proof] in first.history.events


def test_a_report_names_runs_and_offers_no_replay() -> None:
    file = StringIO()
    print_result(concluded(history(STOLEN.format(1))), file=file, width=100)
    assert "broken by 1 of 1 run" in file.getvalue()
    assert "process 0.1 had not died" in file.getvalue()
    assert "schedule" not in file.getvalue()
    assert "saved" not in file.getvalue()


def test_a_soak_without_a_run_is_unknown() -> None:
    result = concluded(history("0.1 start invoke\n0.1 start reply = raised E: e"))
    assert result.verdict is Verdict.UNKNOWN


def test_a_soak_that_did_not_finish_is_unknown_but_for_what_is_proven() -> None:
    result = concluded(history(KEPT.format(1), settled=False), "a worker hung")
    assert result.verdict is Verdict.UNKNOWN
    assert result.schedules[:3] == (0, 0, 1)
    assert result.not_reached == ("a worker hung",)
    broken = concluded(history(STOLEN.format(1), settled=False), "a worker hung")
    assert broken.verdict is Verdict.BROKEN


@pytest.mark.parametrize("reads", [True, False])
def test_rules_that_cannot_judge_a_soak_are_named(reads: bool) -> None:  # noqa: FBT001
    result = concluded(history(KEPT.format(1)), reads=reads)
    assert "nothing-leaks" not in result.rules
    assert any("nothing-leaks does not judge a soak" in remark for remark in result.remarks)
    assert ("crash-loses-no-recorded-outcome" in result.rules) is reads
