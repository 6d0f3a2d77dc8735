"""What a history shows to have decided a verdict: what a program did, not what its work did."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from runfaults.model import EventKind, History, Judgement, Verdict
from runfaults.oracle import RULES, judge
from runfaults.oracle.deed import deciding

FAILED_BEFORE_THE_END = """
    user request start
    database status run=1 -> pending
    user invoke user execute UPDATE runs
    database status run=1 pending -> failed
    user reply start -> raised KeyboardInterrupt
    run thread started
    run invoke run execute UPDATE notes
    run pipeline run=1 started
    run pipeline run=1 returned
    run thread ended
    world settled
"""

FAILED_AFTER_THE_END = """
    user request start
    database status run=1 -> pending
    user reply start -> 1
    run thread started
    run pipeline run=1 started
    run pipeline run=1 returned
    run invoke run execute UPDATE runs
    database status run=1 pending -> failed
    run thread ended
    world settled
"""


@pytest.mark.parametrize("text", [FAILED_BEFORE_THE_END, FAILED_AFTER_THE_END])
def test_what_recorded_the_wrong_status_decides_whenever_the_work_ends(
    history: Callable[[str], History], text: str
) -> None:
    seen = history(text)
    found = {each.rule: each for each in judge(seen, RULES)}["succeeded-never-failed"]
    assert found.verdict is Verdict.BROKEN
    deed = deciding(seen, found)
    wrong = next(each for each in seen.events if each.value == "failed")
    assert (deed.text, deed.status, deed.at) == ("recorded failed", "failed", wrong.number - 1)


def test_work_that_begins_too_late_decides_itself(history: Callable[[str], History]) -> None:
    seen = history(FAILED_BEFORE_THE_END)
    failed = next(each.number for each in seen.events if each.value == "failed")
    begun = next(each.number for each in seen.events if each.kind is EventKind.PIPELINE)
    late = Judgement("own", Verdict.BROKEN, "it began when it was over", (failed, begun))
    assert deciding(seen, late).text == "pipeline started"
