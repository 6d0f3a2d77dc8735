"""A status that one transaction overwrites was never recorded: no reader can have seen it."""

from __future__ import annotations

from pathlib import Path

import pytest

from runfaults.crash.lives import Lives
from runfaults.explore.runner import Runner
from runfaults.explore.trial import Trial
from runfaults.model import EventKind, Schedule, Vocabulary
from runfaults.sim.commits import TICK, Transition, of_one_commit, of_unwatched_commits

PROGRAM = Path(__file__).with_name("requeues.py")
DIES_AT_WORK = "pipeline succeeds; death after run commit"
DIES_AUTOCOMMITTED = "pipeline succeeds; death after run execute UPDATE jobs"

WORDS = Vocabulary(
    active=frozenset({"queued", "running"}),
    completed=frozenset({"done"}),
    cancelled=frozenset(),
    failed=frozenset({"failed"}),
    interrupted=frozenset({"interrupted"}),
)


def played(target: str, successors: str = "") -> Trial:
    with Lives(f"{PROGRAM}:{target}") as lives:
        trial = Runner(lives).run(Schedule.parse(DIES_AUTOCOMMITTED + successors))
    trial.require_playable(target)
    return trial


@pytest.mark.parametrize("successors", ["", " with 3 successors"])
def test_a_recovery_that_queues_again_in_one_transaction_holds(successors: str) -> None:
    trial = played("Target", successors)
    assert trial.failing() == (), trial.judgements
    shown = [e.value for e in trial.history.events if e.kind is EventKind.STATUS and e.run == 1]
    assert shown[:2] == ["queued", "running"]
    assert shown[-1] == "done"
    assert "interrupted" not in shown
    ended = [e.subject for e in trial.history.events if e.kind is EventKind.PIPELINE]
    assert "returned" in ended


def test_one_that_lets_readers_see_the_end_does_not() -> None:
    trial = played("Seen")
    assert "terminal-is-final" in {each.rule for each in trial.failing()}


def test_done_without_work_is_caught_where_several_recover_at_once() -> None:
    trial = played("Unworked", " with 3 successors")
    assert "failed-has-a-cause" in {each.rule for each in trial.failing()}


def row(text: str, at: int = 0) -> Transition:
    run, old, new = text.replace("-", "").split(" ") if "-" in text else text.split(" ")
    return Transition(int(run), old, new, at)


@pytest.mark.parametrize(
    ("rows", "shown"),
    [
        (["1 queued running"], ["1 queued running"]),
        (["1 running failed", "1 failed done"], ["1 running done"]),
        (
            ["1 running failed", "2 queued running", "1 failed done"],
            ["2 queued running", "1 running done"],
        ),
        (["1 running failed", "1 failed running"], []),
        (["1 interrupted interrupted"], ["1 interrupted interrupted"]),
        (["1 - queued", "1 queued running"], ["1 - running"]),
        (["1 running -", "1 - done"], ["1 running done"]),
    ],
)
def test_of_one_commit_only_the_first_and_the_last_status_show(
    rows: list[str], shown: list[str]
) -> None:
    assert of_one_commit(map(row, rows)) == [row(each) for each in shown]


@pytest.mark.parametrize(
    ("rows", "shown"),
    [
        (["1 running interrupted", "1 interrupted queued"], ["1 running queued"]),
        (["1 running interrupted", "1 interrupted interrupted"], None),
        (["1 running interrupted", "2 running interrupted", "1 interrupted queued"], None),
        (["1 running done", "1 done failed"], None),
        (["1 queued running", "1 running queued"], None),
    ],
)
def test_of_unwatched_commits_only_a_requeue_is_taken_for_one(
    rows: list[str], shown: list[str] | None
) -> None:
    assert of_unwatched_commits(map(row, rows), WORDS) == [row(each) for each in shown or rows]


def test_a_requeue_that_comes_later_is_another_commit() -> None:
    rows = [row("1 running interrupted"), row("1 interrupted queued", 2 * TICK)]
    assert of_unwatched_commits(rows, WORDS) == rows
