"""The order of a history that was told by two clocks."""

from __future__ import annotations

import pytest
from soak_journals import WORDS, history, read

from runfaults.chaos.telling import tell
from runfaults.model import EventKind


def order(text: str) -> list[str]:
    """The events in a few words each."""
    soak = read(text)
    return [
        " ".join(filter(None, (event.actor, event.subject, event.value)))
        for event in tell(soak.entries, soak.transitions, WORDS)
    ]


def test_actors_are_named_after_their_process() -> None:
    told = history(
        """
        0.1 start invoke
        audit 7 >running
        0.1 start reply 7 = 7
        0.1 cancel invoke 7
        0.1 cancel reply 7 = True
        0.1 pipeline 7 = cancelled Cancelled: noticed
        0.1 signal 7 = cancelled
        conductor kill = 0.1
        conductor gone = 0.1
        """
    )
    assert [str(event).split(" ", 2)[2] for event in told.events] == [
        "user@0.1 request start",
        "database status run=7  -> running",
        "user@0.1 reply run=7 start -> 7",
        "cancel@0.1 request run=7 cancel",
        "cancel@0.1 reply run=7 cancel -> True",
        "run@0.1 pipeline run=7 cancelled -> Cancelled: noticed",
        "user@0.1 signal run=7 user@0.1 -> cancelled",
        "process@0.1 thread died",
        "harness settled ",
    ]
    assert [event.time for event in told.events[:3]] == [0, 0.011, 0.02]


def test_a_commit_follows_all_of_its_millisecond() -> None:
    assert order("@5.9 0.1 pipeline 1 = returned\n@5.2 audit 1 running>completed") == [
        "run@0.1 returned",
        "database running completed",
    ]


def test_a_commit_comes_before_the_first_answer_that_tells_of_it() -> None:
    assert order("@5.9 0.1 signal 1 = completed\n@5.2 audit 1 running>completed") == [
        "database running completed",
        "user@0.1 user@0.1 completed",
    ]


def test_commits_keep_their_order_when_the_later_one_is_told_of() -> None:
    text = "@5.2 audit 1 pending>running\n@5.4 audit 1 running>failed\n@5.6 0.1 signal 1 = failed"
    assert order(text) == [
        "database pending running",
        "database running failed",
        "user@0.1 user@0.1 failed",
    ]


def test_an_answer_before_the_record_stays_before_it() -> None:
    assert order("@3 0.1 signal 1 = completed\n@5.2 audit 1 running>completed") == [
        "user@0.1 user@0.1 completed",
        "database running completed",
    ]


def test_a_commit_that_took_long_follows_a_question_that_was_answered_with_the_old_status() -> None:
    text = """
        @5 audit 1 running>completed
        @20 conductor kill = 0.2
        @21 conductor gone = 0.2
        @30 0.3 read invoke 1
        @40 0.3 read reply 1 = running
        @50 0.3 read invoke 1
        @60 0.3 read reply 1 = completed
    """
    assert order(text) == [
        "process@0.2 died",
        "user@0.3 read",
        "database running completed",
        "user@0.3 read running",
        "user@0.3 read",
        "user@0.3 read completed",
    ]


def test_a_stale_answer_does_not_move_a_commit_that_was_told_of() -> None:
    text = """
        @5 audit 1 running>completed
        @20 0.2 read invoke 1
        @30 0.2 read reply 1 = completed
        @40 0.3 read invoke 1
        @50 0.3 read reply 1 = running
    """
    assert order(text)[:3] == [
        "user@0.2 read",
        "database running completed",
        "user@0.2 read completed",
    ]


@pytest.mark.parametrize(
    ("interrupted_at", "died_first"), [("@15 ", True), ("@25 ", True), ("@5 ", False)]
)
def test_a_process_dies_between_the_signal_and_the_end_of_its_pipe(
    interrupted_at: str,
    died_first: bool,  # noqa: FBT001
) -> None:
    text = f"""
        @1 0.1 start reply 1 = 1
        @10 conductor kill = 0.1
        @20 conductor gone = 0.1
        {interrupted_at}audit 1 running>interrupted
    """
    told = order(text)
    assert (
        told.index("process@0.1 died") < told.index("database running interrupted")
    ) is died_first


def test_what_a_process_recorded_right_before_its_death_was_recorded_before_it() -> None:
    text = """
        @1 0.1 start reply 1 = 1
        @5.1 conductor kill = 0.1
        @5.2 audit 1 running>failed
        @5.9 conductor gone = 0.1
    """
    assert order(text)[-2:] == ["database running failed", "process@0.1 died"]


def test_another_s_recovery_does_not_say_when_a_process_died() -> None:
    text = """
        @1 0.2 start reply 1 = 1
        @10 conductor kill = 0.1
        @15 audit 1 running>interrupted
        @20 conductor gone = 0.1
    """
    assert order(text)[-2:] == ["database running interrupted", "process@0.1 died"]


def test_a_process_that_ends_with_an_error_dies_too() -> None:
    assert order("0.1 start invoke\nconductor gone = 0.1") == ["user@0.1 start", "process@0.1 died"]


def test_a_subscription_to_a_run_that_was_over_hears_nothing() -> None:
    text = """
        @5.1 audit 1 running>completed
        @5.5 0.1 subscribe reply 1 = user@0.1
        @9 0.1 signal 1 = None
    """
    assert order(text) == ["database running completed", "user@0.1 subscribe user@0.1"]


def test_work_that_is_not_told_its_run_is_that_of_the_only_one() -> None:
    text = "audit 1 >running\n0.1 pipeline = returned\naudit 1 running>completed\n0.1 pipeline = x"
    told = history(text).events
    assert [event.run for event in told if event.kind is EventKind.PIPELINE] == [1, None]


def test_everything_was_recorded_before_the_last_process_begins() -> None:
    text = """
        @5 audit 1 running>completed
        @6 0.1 left
        @30 last read invoke 1
        @40 last read reply 1 = running
    """
    assert order(text) == ["database running completed", "user@last read", "user@last read running"]
