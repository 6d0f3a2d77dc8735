from __future__ import annotations

from sample_histories import (
    LOCKED,
    Script,
    cancel_lost,
    deadlock,
    hostile,
    mission_bug,
    self_lock,
    undisturbed,
)

from runfaults.model import EventKind, Judgement, Schedule, Verdict, Violation
from runfaults.report.explain import explain


def told(violation: Violation) -> str:
    return explain(violation.history, violation.judgements)


def in_order(text: str, *parts: str) -> bool:
    positions = [text.find(part) for part in parts]
    return -1 not in positions and positions == sorted(positions)


def test_the_mission_is_told_in_the_order_in_which_it_happened() -> None:
    assert in_order(
        told(mission_bug()),
        "The pipeline succeeded.",
        'The run\'s COMMIT got SQLITE_BUSY ("database is locked"), because of the fault busy '
        "(transaction kept open, write lock and PENDING kept).",
        "Later, the run's COMMIT took effect: the database recorded the run as failed.",
        "A subscriber was told failed.",
        "So the rule is broken: succeeded-never-failed (the pipeline returned, and run 1 was "
        "recorded failed).",
    )


def test_the_innocent_twin_has_no_fault_no_error_and_no_conclusion() -> None:
    assert explain(undisturbed(), [Judgement("a", Verdict.HOLDS, "irrelevant")]) == (
        "The pipeline succeeded. The run's COMMIT took effect: the database recorded the run as "
        "completed. A subscriber was told completed."
    )


def test_an_accepted_cancel_is_told_with_its_answer() -> None:
    assert in_order(
        told(cancel_lost()),
        "A cancel was requested right before the run's UPDATE runs.",
        "The cancel's UPDATE runs got SQLITE_BUSY",
        "The manager answered the cancel with True (accepted).",
        "recorded the run as completed.",
    )


def test_what_happens_again_and_again_is_told_once_with_a_count() -> None:
    text = told(self_lock())
    wait = "The run's UPDATE runs waited 5 s for the database, locked by the run itself, and got "
    assert f'{wait}SQLITE_BUSY ("database is locked") (4 times in all).' in text
    assert text.count(wait) == 1


def test_a_run_left_active_is_told() -> None:
    text = told(self_lock())
    assert "When nothing could happen any more, the database still said running." in text
    assert "So 3 rules are broken: eventually-terminal (" in text
    assert "The thread run died of SQLITE_BUSY." in text
    assert "At the end this was left behind: a connection opened at run connect." in text


def test_a_deadlock_says_who_waits_for_whom() -> None:
    assert (
        "Then the threads waited for each other without end (deadlock: cancel waits for lock "
        "RunManager._lock held by run; run waits for lock RunManager._status_lock held by cancel)."
        in told(deadlock())
    )


def test_a_lost_acknowledgement_is_an_effect_all_the_same() -> None:
    script = Script(Schedule())
    script.begin("run", "commit")
    script.add("run", EventKind.STRIKE, "lost-acknowledgement", "the commit stays")
    script.add("database", EventKind.STATUS, "running", "completed")
    script.add("run", EventKind.ERROR, "", "OperationalError: disk I/O error [SQLITE_IOERR]")
    assert (
        "The run's COMMIT took effect all the same: the database recorded the run as completed."
        in explain(script.history(), ())
    )


def test_a_refused_cancel_and_a_failing_start_are_told() -> None:
    script = Script(Schedule())
    script.add("user", EventKind.REPLY, "start", "raised RuntimeError: one is active")
    script.add("cancel", EventKind.REPLY, "cancel", "False")
    assert explain(script.history(), ()) == (
        "The start raised RuntimeError: one is active. "
        "The manager answered the cancel with False (refused)."
    )


def test_what_could_not_be_judged_is_not_called_broken() -> None:
    text = explain(undisturbed(), [Judgement("a", Verdict.UNKNOWN, "the run hung.")])
    assert text.endswith("So the rule is not to be judged: a (the run hung).")


def test_stacks_of_a_hung_run_are_cut_short() -> None:
    script = Script(Schedule())
    script.add("harness", EventKind.STUCK, "hang", "File x\n  line y\n" * 500)
    assert len(explain(script.history(), ())) < 500


def test_it_is_one_paragraph_without_control_characters() -> None:
    text = told(hostile())
    assert text.isprintable()
    assert r"\x1b[2J" in text


def test_that_the_user_waits_for_a_run_is_no_part_of_the_story() -> None:
    """Nor is a pause, or a wait for a thread; a wait for a lock of the database is."""
    script = Script(Schedule())
    script.wait("user", "the end of run 1", "", 5.0)
    script.add("cancel", EventKind.REPLY, "cancel", "False")
    script.wait("user", "thread run", "", 5.0)
    assert explain(script.history(), ()) == "The manager answered the cancel with False (refused)."


def test_a_wait_for_another_process_and_its_error_are_one_sentence() -> None:
    script = Script(Schedule())
    script.begin("run", "commit")
    script.wait("run", "a lock held outside", "", 5.0)
    script.add("run", EventKind.STRIKE, "busy", "database is locked: somebody else writes")
    script.add("run", EventKind.ERROR, "", LOCKED)
    assert explain(script.history(), ()) == (
        "The run's COMMIT waited 5 s for a lock held by another process and got SQLITE_BUSY "
        '("database is locked"), because of the fault busy (somebody else writes).'
    )


def test_waiting_for_a_notification_is_no_news() -> None:
    script = Script(Schedule())
    script.wait("subscribe", "notification", "", 5.0)
    script.add("subscribe", EventKind.SIGNAL, "subscribe", "")
    assert explain(script.history(), ()) == "A subscriber was told that the run has ended."


def test_routine_is_news_where_it_proves_the_verdict() -> None:
    script = Script(Schedule())
    registered = script.add("subscribe-2", EventKind.REPLY, "subscribe", "subscribe-2")
    script.add("user", EventKind.REPLY, "start", "1")
    status = script.commit("user", "", "pending")
    silent = [Judgement("a", Verdict.HOLDS)]
    assert explain(script.history(), silent) == ""
    proof = Judgement("a", Verdict.BROKEN, "so it is", (registered, status))
    assert explain(script.history(), [proof]).startswith(
        "Subscribe-2 was registered as a subscriber. "
        "The user's COMMIT took effect: the database recorded the run as pending. "
    )


def test_a_livelock_says_what_goes_round() -> None:
    script = Script(Schedule())
    script.do("run", "connect")
    for _ in range(8):
        script.do("run", "execute SELECT runs", "sleep")
    script.add("harness", EventKind.STUCK, "livelock", "8 rounds")
    assert explain(script.history(), ()) == (
        "Then the threads repeated the same steps without end (livelock: 8 rounds). "
        "Again and again, the run went through SELECT runs, sleep."
    )


def test_what_was_left_behind_is_told_at_once() -> None:
    script = Script(Schedule())
    script.add("harness", EventKind.LEAK, "thread", "run-2")
    script.add("harness", EventKind.LEAK, "subscriber", "run 1")
    script.add("harness", EventKind.LEAK, "database", "a row too many")
    assert explain(script.history(), ()) == (
        "At the end, a check of the database said: a row too many. "
        "At the end this was left behind: the thread run-2, a subscriber of run 1."
    )


def test_a_wait_that_ends_well_ends_the_sentence() -> None:
    script = Script(Schedule())
    script.begin("run", "execute UPDATE runs")
    script.wait("run", "database", "cancel", 2.0)
    script.add("run", EventKind.OK)
    assert explain(script.history(), ()) == (
        "The run's UPDATE runs waited 2 s for the database, locked by the cancel."
    )
