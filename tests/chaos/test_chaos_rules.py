"""Journals and audits of which a rule is broken, and their innocent twins."""

from __future__ import annotations

import pytest
from soak_journals import history, read

from runfaults.chaos.conclude import NOT_JUDGED
from runfaults.model import Verdict
from runfaults.oracle import RULES, judge

RULES_OF_A_SOAK = tuple(rule for rule in RULES if rule.name not in NOT_JUDGED)

STARTED = """
    0.1 start invoke
    audit 1 >pending
    0.1 start reply 1 = 1
    audit 1 pending>running
    0.1 pipeline 1 = started
"""
RETURNED = STARTED + "0.1 pipeline 1 = returned\n"
RAISED = STARTED + "0.1 pipeline 1 = raised RuntimeError: no\n"
ACCEPTED = STARTED + "0.1 cancel invoke 1\n0.1 cancel reply 1 = True\n"
REFUSED = RETURNED + "0.1 cancel invoke 1\n0.1 cancel reply 1 = False\n"
KILLED = "conductor kill = 0.1\nconductor gone = 0.1\n"
OTHER_KILLED = "conductor kill = 0.2\nconductor gone = 0.2\n"


def ended(status: str) -> str:
    return f"audit 1 running>{status}\n"


READ = "last read invoke 1\nlast read reply 1 = {}\n"

BROKEN = [
    ("eventually-terminal", STARTED),
    ("start-answers-truthfully", "0.1 start invoke\n0.1 start reply 1 = 1"),
    ("terminal-is-final", RETURNED + ended("completed") + "audit 1 completed>"),
    (
        "accepted-cancel-is-cancelled",
        ACCEPTED + "0.1 pipeline 1 = returned\n" + ended("completed"),
    ),
    ("cancelled-never-failed", ACCEPTED + "0.1 pipeline 1 = raised E: e\n" + ended("failed")),
    ("accepted-cancel-is-cancelled", OTHER_KILLED + ACCEPTED + ended("interrupted")),
    ("signal-matches-record", RAISED + ended("failed") + "0.1 signal 1 = completed"),
    (
        "terminal-is-final",
        RETURNED + KILLED + "0.2 read reply 1 = completed\n" + ended("interrupted"),
    ),
    ("succeeded-never-failed", RETURNED + ended("failed")),
    ("cancelled-has-a-cause", REFUSED + ended("cancelled")),
    ("failed-has-a-cause", STARTED + ended("failed")),
    ("failed-has-a-cause", STARTED + ended("completed")),
    ("cancelled-has-a-cause", RETURNED + ended("cancelled")),
    ("orphan-is-interrupted-not-failed", STARTED + ended("interrupted")),
    ("orphan-is-interrupted-not-failed", STARTED + OTHER_KILLED + ended("interrupted")),
    (
        "orphan-is-interrupted-not-failed",
        "0.1 start invoke\naudit 1 >running\n" + ended("interrupted"),
    ),
    ("terminal-is-final", RETURNED + ended("completed") + "audit 1 completed>running"),
    (
        "one-active-run",
        RETURNED
        + "0.2 start invoke\naudit 2 >pending\n"
        + ended("completed")
        + "0.2 start reply 2 = 2\n0.2 pipeline 2 = raised E: e\naudit 2 pending>failed",
    ),
]

HOLDS = [
    ("a clean run", RETURNED + ended("completed") + "0.1 signal 1 = completed"),
    ("an accepted cancel", ACCEPTED + ended("cancelled")),
    ("killed after accepting", ACCEPTED + KILLED + ended("interrupted")),
    ("killed while accepting", STARTED + "0.1 cancel invoke 1\n" + ended("cancelled") + KILLED),
    ("a refused cancel", REFUSED + ended("completed")),
    ("raised", RAISED + ended("failed") + "0.1 read reply 1 = failed"),
    ("read while running", RETURNED + "0.2 read reply 1 = running\n" + ended("completed")),
    ("killed while running", STARTED + KILLED + ended("interrupted")),
    ("killed after it returned", RETURNED + KILLED + ended("interrupted")),
    ("killed after it was recorded", RETURNED + ended("completed") + KILLED),
    (
        "killed before start answered",
        "0.1 start invoke\naudit 1 >running\n" + KILLED + ended("interrupted"),
    ),
    (
        "never began its work",
        "0.1 start invoke\naudit 1 >running\n0.1 start reply 1 = 1\n" + ended("failed"),
    ),
    ("start raised", "0.1 start invoke\n0.1 start reply = raised E: e"),
    (
        "one after the other",
        RETURNED + ended("completed") + "0.2 start invoke\naudit 2 >running\naudit 2 running>failed"
        "\n0.2 start reply = raised E: e",
    ),
]


def broken(text: str, *, settled: bool = True) -> dict[str, str]:
    judgements = judge(history(text, settled=settled), RULES_OF_A_SOAK)
    return {each.rule: each.reason for each in judgements if each.verdict is Verdict.BROKEN}


def looked_at(text: str) -> str:
    """The last process reads the run, as it does in every soak that comes to its end."""
    soak = read(text)
    status = next((step.new for step in reversed(soak.transitions) if step.run == 1), "")
    return text + "\n" + READ.format(status or "None")


@pytest.mark.parametrize(("rule", "text"), BROKEN)
def test_a_broken_rule_is_found(rule: str, text: str) -> None:
    assert rule in broken(looked_at(text))


@pytest.mark.parametrize(("title", "text"), HOLDS)
def test_a_rule_that_was_kept_holds(title: str, text: str) -> None:
    judgements = judge(history(looked_at(text)), RULES_OF_A_SOAK)
    assert [each for each in judgements if each.verdict is not Verdict.HOLDS] == [], title


def test_a_soak_that_was_cut_off_says_nothing_about_runs_under_way() -> None:
    text = ACCEPTED + "0.1 pipeline 1 = returned\n"
    assert broken(text, settled=False) == {}
    assert broken(text + ended("completed"), settled=False).keys() == {
        "accepted-cancel-is-cancelled"
    }


def test_a_record_that_is_lost_shows_when_the_last_process_reads() -> None:
    text = RETURNED + ended("completed") + KILLED
    assert broken(text + READ.format("completed")) == {}
    assert "crash-loses-no-recorded-outcome" in broken(text + READ.format("running"))
