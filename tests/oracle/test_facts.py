from __future__ import annotations

from collections.abc import Callable

from runfaults.model import History
from runfaults.oracle import Facts

Tell = Callable[[str], History]


def test_each_run_has_its_own_events(history: Tell) -> None:
    facts = Facts.of(
        history("""
            database status run=2 -> running
            database status run=1 -> pending
            run pipeline run=2 started
            first signal run=1 first -> failed
            run pipeline run=2 returned
        """)
    )
    assert list(facts.runs) == [1, 2]
    one, two = facts.runs.values()
    assert (one.status, one.ending, [e.number for e in one.signals]) == ("pending", None, [3])
    assert two.ended("returned") is two.ending
    assert two.ended("raised") is None
    assert [e.number for e in two.pipeline] == [2, 4]


def test_a_pipeline_that_only_started_has_no_ending(history: Tell) -> None:
    facts = Facts.of(history("run pipeline run=1 started"))
    assert facts.runs[1].ending is None


def test_a_pipeline_that_runs_again_ends_as_it_did_last(history: Tell) -> None:
    facts = Facts.of(
        history("""
            run pipeline run=1 started
            run pipeline run=1 raised -> ValueError: once
            run pipeline run=1 started
            run pipeline run=1 returned
        """)
    )
    assert facts.runs[1].ended("returned")


def test_replies_belong_to_the_last_request_of_the_same_actor_and_subject(history: Tell) -> None:
    facts = Facts.of(
        history("""
            user request start
            cancel request run=1 cancel
            cancel request run=2 cancel
            user reply start -> 7
            cancel reply cancel -> True
            other request cancel
            other reply run=3 cancel -> False
        """)
    )
    asked = [(r.asked.number, r.reply.number if r.reply else None, r.run) for r in facts.requests]
    assert asked == [(0, 3, 7), (1, None, 1), (2, 4, 2), (5, 6, 3)]
    assert [reply.number for reply in facts.runs[2].accepted] == [4]


def test_only_a_number_that_sqlite_can_make_is_an_id(history: Tell) -> None:
    facts = Facts.of(
        history("""
            user reply start -> 9223372036854775807
            user reply start -> 92233720368547758070
            user reply start -> ²
            user reply count -> 3
            user reply run=4 start -> abc
        """)
    )
    assert [request.run for request in facts.requests] == [2**63 - 1, None, None, None, 4]


def test_shown_is_what_the_database_said_at_that_moment(history: Tell) -> None:
    run = Facts.of(
        history("""
            run thread started
            database status run=1 -> pending
            database status run=1 pending -> running
            run thread ended
        """)
    ).runs[1]
    shown = [run.shown(number) for number in range(4)]
    assert [event and event.value for event in shown] == [None, "pending", "running", "running"]


def test_only_the_process_dies(history: Tell) -> None:
    facts = Facts.of(history("run thread died\nprocess thread started\nprocess thread died"))
    assert [event.number for event in facts.deaths] == [2]


def test_a_death_strikes_the_owners_of_a_run(history: Tell) -> None:
    facts = Facts.of(
        history("""
            user@1 request start
            database status run=1 -> running
            user@1 reply start -> 1
            run@2 pipeline run=2 started
            process@1 thread died
            process@2 thread died
            process thread died
        """)
    )
    one, two = facts.runs.values()
    assert (one.owners, two.owners) == ({"1"}, {"2"})
    assert [event.number for event in facts.deaths_of(one)] == [4, 6]
    assert [event.number for event in facts.deaths_of(two)] == [5, 6]


def test_a_run_that_no_start_answered_is_of_those_that_were_in_a_start(history: Tell) -> None:
    facts = Facts.of(
        history("""
            user@1 request start
            user@2 request start
            user@3 request start
            process@1 thread died
            user@2 reply start -> raised RuntimeError: locked
            database status run=1 -> running
            user@4 request start
        """)
    )
    assert facts.runs[1].owners == {"3"}


def test_nothing_after_a_stuck_event_is_a_fact(history: Tell) -> None:
    facts = Facts.of(
        history("""
            database status run=1 -> running
            world stuck hang
            database status run=1 running -> failed
            world settled
        """)
    )
    assert facts.runs[1].status == "running"
    assert facts.settled is None


def test_a_second_life_settles_anew(history: Tell) -> None:
    first = "database status run=1 -> completed\nworld settled\nprocess thread died"
    assert Facts.of(history(first)).settled is None
    settled = Facts.of(history(first + "\nworld settled")).settled
    assert settled is not None
    assert settled.number == 3


def test_a_pipeline_that_is_not_told_its_run_is_the_only_run_s(history: Tell) -> None:
    told = "database status run=7 -> running\nrun pipeline started\nrun pipeline returned"
    only = Facts.of(history(told + "\nworld settled"))
    assert only.runs[7].ended("returned")
    assert only.doubt is None
    later = Facts.of(history(told + "\ndatabase status run=8 -> running\nworld settled"))
    assert later.runs[7].ended("returned")
    assert later.runs[8].ending is None
    assert later.doubt is None
    both = Facts.of(history("database status run=8 -> running\n" + told + "\nworld settled"))
    assert both.runs[7].ending is both.runs[8].ending is None
    assert both.unattributed
    assert both.doubt is not None
    assert both.doubt.evidence == (2,)


def test_of_several_runs_work_is_that_of_the_only_active_one(history: Tell) -> None:
    facts = Facts.of(
        history(
            """
            database status run=7 -> running
            run pipeline started
            run pipeline returned
            database status run=7 running -> completed
            database status run=8 -> running
            run-2 pipeline started
            run-2 pipeline raised -> ValueError: no
            world settled
            """
        )
    )
    assert facts.runs[7].ended("returned")
    assert facts.runs[8].ended("raised")
    assert facts.doubt is None
