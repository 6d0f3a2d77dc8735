from __future__ import annotations

from dataclasses import replace

import pytest
from sample_histories import Script, cancel_lost, deadlock, mission_bug, self_lock, undisturbed

from runfaults.model import Event, EventKind, History, Schedule
from runfaults.report.steps import Failure, lanes, printable, steps, wait_text


def test_every_event_is_in_exactly_one_step_in_order() -> None:
    for violation in (mission_bug(), cancel_lost(), self_lock(), deadlock()):
        found = [event for step in steps(violation.history) for event in step.events]
        assert found == list(violation.history.events)


def test_an_operation_its_strike_and_its_error_are_one_step() -> None:
    struck = [
        step for step in steps(mission_bug().history) if step.find(EventKind.STRIKE) is not None
    ]
    (step,) = struck
    assert (step.actor, step.title) == ("run", "commit #2")
    assert step.failure == Failure("OperationalError", "database is locked", "SQLITE_BUSY")


def test_a_status_transition_belongs_to_the_operation_that_committed_it() -> None:
    recorded = {
        step.title: [event.value for event in step.statuses]
        for step in steps(undisturbed())
        if step.statuses and step.actor == "run"
    }
    assert recorded == {"commit": ["running"], "commit #2": ["completed"]}


def test_an_operation_goes_on_after_another_actor_came_between() -> None:
    script = Script(Schedule())
    script.begin("run", "execute UPDATE runs")
    script.wait("run", "database", "cancel", 2.0)
    script.do("cancel", "commit")
    script.add("run", EventKind.OK)
    waiting, between, rest = steps(script.history())
    assert waiting.waiting == "waits 2 s for the database, locked by cancel"
    assert (between.actor, between.title) == ("cancel", "commit")
    assert (rest.title, rest.continued) == ("execute UPDATE runs continues", True)


def test_waits_for_different_things_are_different_steps() -> None:
    script = Script(Schedule())
    script.wait("run", "sleep", "", 0.5)
    script.wait("run", "lock A", "cancel", 0.0)
    assert [step.waiting for step in steps(script.history())] == [
        "sleeps 0.5 s",
        "waits for lock A, held by cancel",
    ]


def test_only_evidence_of_what_does_not_hold_is_decisive() -> None:
    violation = mission_bug()
    decisive = [
        step.title for step in steps(violation.history, violation.judgements) if step.decisive
    ]
    assert decisive == ["pipeline returned", "commit #3"]
    assert not any(step.decisive for step in steps(violation.history))


def test_lanes_are_those_who_act_in_order_of_appearance() -> None:
    assert lanes(self_lock().history) == ("user", "run")
    assert lanes(deadlock().history) == ("user", "run", "cancel")


@pytest.mark.parametrize(
    ("text", "failure", "short"),
    [
        ("ValueError: bad", Failure("ValueError", "bad", ""), "ValueError"),
        ("a.B: x [y] [SQLITE_IOERR]", Failure("a.B", "x [y]", "SQLITE_IOERR"), "SQLITE_IOERR"),
        ("SystemExit", Failure("SystemExit", "", ""), "SystemExit"),
        ("ValueError: two\nlines", Failure("ValueError", "two\nlines", ""), "ValueError"),
        ("- - -", Failure("", "- - -", ""), "- - -"),
    ],
)
def test_an_error_is_taken_apart(text: str, failure: Failure, short: str) -> None:
    assert Failure.of(text) == failure
    assert failure.short == short


def test_text_from_outside_cannot_steer_a_terminal_or_break_an_encoding() -> None:
    assert printable("a\x1b[2J\rb\u202e\ud800\uffff\n日本") == (
        "a\\x1b[2J\\rb\\u202e\\ud800\\uffff\n日本"
    )


def test_an_empty_history_has_no_steps() -> None:
    empty = History("t", Schedule(), undisturbed().vocabulary, ())
    assert steps(empty) == ()
    assert lanes(empty) == ()


def test_an_answer_without_an_invocation_is_a_step_of_its_own() -> None:
    events = (Event(0, 0.0, "run", EventKind.OK), Event(1, 0.0, "run", EventKind.ERROR, "", "E: x"))
    history = History("t", Schedule(), undisturbed().vocabulary, events)
    assert [step.operation for step in steps(history)] == ["", ""]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.0, ""), (0.0001, ""), (0.4001, " 0.4 s"), (5.0, " 5 s"), (33260.4, " 33,260 s")],
)
def test_the_length_of_a_wait_in_words(seconds: float, text: str) -> None:
    assert wait_text(seconds) == text


def test_a_step_knows_where_in_the_code_it_came_from() -> None:
    (struck,) = (step for step in steps(mission_bug().history) if step.find(EventKind.STRIKE))
    assert struck.places == ("db/connection.py:103 in attempt",)
    assert struck.stack[0].startswith("runs/manager.py:210 in _run: ")
    (returned,) = (step for step in steps(mission_bug().history) if step.title.endswith("returned"))
    assert (returned.stack, returned.places) == ((), ())


def test_a_deadlock_knows_where_each_thread_waits() -> None:
    history = deadlock().history
    waits = [event for event in history.events if event.kind is EventKind.WAIT]
    stacks = (("a.py:1 in f: x\nb.py:2 in g: y"), ("c.py:3 in h: z"))
    placed = replace(
        history, places=tuple((wait.number, text) for wait, text in zip(waits, stacks, strict=True))
    )
    assert steps(placed)[-1].stack == ("c.py:3 in h (run): z", "b.py:2 in g (cancel): y")
    assert steps(placed)[-1].places == ("c.py:3 in h (run)", "b.py:2 in g (cancel)")


def test_what_the_harness_finds_is_in_no_lane() -> None:
    script = Script(Schedule())
    script.do("run", "commit")
    script.add("harness", EventKind.PIPELINE, "lost")
    assert lanes(script.history()) == ("run",)
    assert (
        steps(script.history())[-1].title == "the work that the pipeline left uncommitted is lost"
    )


def test_a_process_dies_and_no_thread_of_that_name() -> None:
    script = Script(Schedule())
    script.add("process@1.1", EventKind.THREAD, "died")
    script.add("run", EventKind.THREAD, "died")
    assert [step.title for step in steps(script.history())] == ["died", "thread died"]


def test_an_event_loop_that_waits_is_told_with_an_article() -> None:
    script = Script(Schedule())
    script.begin("run", "sleep event loop")
    script.wait("run", "event loop", "", 2.0)
    (waiting,) = steps(script.history())
    assert waiting.waiting == "waits for the next step of its event loop"
