"""The checker on journals written by hand: each promise broken once, and kept by a twin."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from runfaults.chaos.checker import Account, Transition, check_account
from runfaults.chaos.journal import Entry, about, line_of, read_journals
from runfaults.model import Vocabulary

WORDS = Vocabulary(
    active=frozenset({"pending", "running"}),
    completed=frozenset({"completed"}),
    cancelled=frozenset({"cancelled"}),
    failed=frozenset({"failed"}),
    interrupted=frozenset({"interrupted"}),
)


def journal(text: str) -> list[Entry]:
    """Lines of `who what [phase] [run] [= value]`, each a second after the one before."""
    entries: list[Entry] = []
    for at, line in enumerate(filter(str.strip, text.splitlines())):
        words, _, value = line.strip().partition(" = ")
        who, what, *rest = words.split()
        run = int(rest.pop()) if rest and rest[-1].isdecimal() else None
        entries.append(Entry(at * 10**9, who, what, rest[0] if rest else "", run, value))
    return entries


def audit(*steps: str) -> list[Transition]:
    """Steps of `run old>new`."""
    found: list[Transition] = []
    for step in steps:
        run, change = step.split()
        old, new = change.split(">")
        found.append(Transition(int(run), old, new))
    return found


def ended(status: str, run: int = 1) -> list[Transition]:
    return audit(f"{run} >pending", f"{run} pending>running", f"{run} running>{status}")


def account(text: str, transitions: list[Transition], *, settled: bool = True) -> Account:
    return check_account(journal(text), transitions, WORDS, settled=settled)


def promises(text: str, transitions: list[Transition], *, settled: bool = True) -> list[str]:
    return [found.promise for found in account(text, transitions, settled=settled).broken]


STARTED = """
    0.1 start invoke
    0.1 start reply 1 = 1
    0.1 pipeline 1 = started
"""
RETURNED = STARTED + "0.1 pipeline 1 = returned\n"
RAISED = STARTED + "0.1 pipeline 1 = raised RuntimeError: no\n"
CANCELLED = STARTED + "0.1 cancel invoke 1\n0.1 cancel reply 1 = True\n"
REFUSED = RETURNED + "0.1 cancel invoke 1\n0.1 cancel reply 1 = False\n"
KILLED = "conductor kill = 0.1\n"

BROKEN = [
    ("exists-and-ends", STARTED, audit("1 >pending", "1 pending>running")),
    ("exists-and-ends", "0.1 start invoke\n0.1 start reply 1 = 1", []),
    ("exists-and-ends", RETURNED, [*ended("completed"), Transition(1, "completed", "")]),
    ("accepted-cancel", CANCELLED + "0.1 pipeline 1 = returned", ended("completed")),
    ("accepted-cancel", CANCELLED + "0.1 pipeline 1 = raised E: e", ended("failed")),
    ("accepted-cancel", KILLED + CANCELLED, ended("interrupted")),
    ("signal", RAISED + "0.1 signal 1 = completed", ended("failed")),
    ("reads", RETURNED + KILLED + "0.2 read reply 1 = completed", ended("interrupted")),
    ("returned", RETURNED, ended("failed")),
    ("returned", REFUSED, ended("cancelled")),
    ("returned", STARTED + KILLED + "0.1 pipeline 1 = returned", ended("interrupted")),
    ("outcome-has-a-cause", STARTED, ended("failed")),
    ("outcome-has-a-cause", STARTED, ended("completed")),
    ("outcome-has-a-cause", RETURNED, ended("cancelled")),
    ("interrupted-only-by-death", STARTED, ended("interrupted")),
    ("interrupted-only-by-death", STARTED + "conductor kill = 0.2", ended("interrupted")),
    ("interrupted-only-by-death", "0.1 start invoke", ended("interrupted")),
    ("terminal-is-final", RETURNED, [*ended("completed"), *audit("1 completed>running")]),
    ("one-active", RETURNED, audit("1 >pending", "2 >pending", "1 pending>completed")),
]

KEPT = [
    ("a clean run", RETURNED + "0.1 signal 1 = completed", ended("completed")),
    ("an accepted cancel", CANCELLED, ended("cancelled")),
    ("killed after accepting", CANCELLED + KILLED, ended("interrupted")),
    ("killed while accepting", STARTED + "0.1 cancel invoke 1\n" + KILLED, ended("cancelled")),
    ("a refused cancel", REFUSED, ended("completed")),
    ("raised", RAISED + "0.1 read reply 1 = failed", ended("failed")),
    ("read while running", "0.2 read reply 1 = running\n" + RETURNED, ended("completed")),
    ("killed while running", STARTED + KILLED, ended("interrupted")),
    ("killed after it returned", RETURNED + KILLED, ended("interrupted")),
    ("killed after it was recorded", RETURNED + KILLED, ended("completed")),
    ("killed before start answered", "0.1 start invoke\n" + KILLED, ended("interrupted")),
    ("never started", "0.1 start invoke\n0.1 start reply 1 = 1", ended("failed")),
    ("start raised", "0.1 start invoke\n0.1 start reply = raised E: e", []),
    ("one after the other", RETURNED, [*ended("completed"), *ended("failed", run=2)]),
]


@pytest.mark.parametrize(("promise", "text", "transitions"), BROKEN)
def test_a_broken_promise_is_found(promise: str, text: str, transitions: list[Transition]) -> None:
    assert promise in promises(text, transitions)


@pytest.mark.parametrize(("what", "text", "transitions"), KEPT)
def test_a_kept_promise_is_not(what: str, text: str, transitions: list[Transition]) -> None:
    assert promises(text, transitions) == [], what


def test_a_soak_that_was_cut_off_says_nothing_about_runs_under_way() -> None:
    running = audit("1 >pending", "1 pending>running")
    text = CANCELLED + "0.1 pipeline 1 = returned"
    assert promises(text, running, settled=False) == []
    assert promises(text, ended("completed"), settled=False) == ["accepted-cancel"]


def test_every_acknowledgement_is_counted() -> None:
    text = CANCELLED + "0.1 signal 1 = cancelled\n0.1 read reply 1 = cancelled"
    found = account(text, ended("cancelled"))
    assert found.checked == {
        "start answered with an id": 1,
        "cancel accepted": 1,
        "completion signal": 1,
        "terminal status read": 1,
        "pipeline returned": 0,
    }
    assert found.statuses == {"cancelled": 1}


def test_the_window_shows_the_run_the_death_and_the_audit_and_nothing_else() -> None:
    text = "0.2 read reply 7 = running\n" + STARTED + "conductor kill = 0.2\n" + KILLED
    (found,) = account(text + "0.1 signal 1 = completed", ended("interrupted")).broken
    assert found.promise == "signal"
    assert found.reason == "run 1: a subscriber heard completed, yet it is recorded interrupted"
    assert [line.split(maxsplit=2)[-1] for line in found.window] == [
        "0.1 start reply run 1: 1",
        "0.1 pipeline run 1: started",
        "conductor kill: 0.1",
        "0.1 signal run 1: completed",
        "-> pending",
        "-> running",
        "-> interrupted",
    ]


def test_journals_are_read_in_order_of_time_and_a_torn_line_is_left_out(tmp_path: Path) -> None:
    late, early = Entry(2, "0.1", "signal", run=1, value="completed"), Entry(1, "1.1", "born")
    torn = json.dumps(Entry(3, "0.1", "left")).encode()[:-4]
    (tmp_path / "worker-0.1.jsonl").write_bytes(line_of(late) + torn)
    (tmp_path / "worker-1.1.jsonl").write_bytes(line_of(early))
    assert read_journals(tmp_path) == [early, late]
    assert about([early, late], 1) == [late]
