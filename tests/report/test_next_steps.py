from __future__ import annotations

from dataclasses import replace

import pytest
from sample_histories import broken_result, passing_result

from runfaults.cli.next_step import next_steps, print_next_steps
from runfaults.model import CheckResult, EarlyEnd, Event, EventKind, Tally

HOLDS = passing_result()
UNKNOWN = replace(HOLDS, rules={}, schedules=Tally(10, 0, 1))
INTERRUPTED = replace(HOLDS, interrupted=EarlyEnd.USER, not_reached=("3 of 4 jobs: a fault",))
SOURCE = replace(UNKNOWN, target="source:/a b")


@pytest.mark.parametrize(
    ("result", "bound", "typed", "command"),
    [
        (HOLDS, "quick", "check --bound quick --jobs 1", "check --jobs 1 --bound default"),
        (HOLDS, "default", "check --target a.py:A", "check --target a.py:A --bound nightly"),
        (HOLDS, "nightly", "check --bound=nightly", "crash --target genglossary"),
        (HOLDS, "crash", "crash", "chaos --target genglossary"),
        (UNKNOWN, "quick", "check", "check --target genglossary --explain"),
        (SOURCE, "quick", "check", "check --source '/a b' --explain"),
        (replace(UNKNOWN, unstruck=("busy",)), "quick", "check", "points --target genglossary"),
        (replace(UNKNOWN, notes=("a note",)), "quick", "check", "--version"),
        (replace(INTERRUPTED, interrupted=EarlyEnd.HANG), "quick", "check --grid", "check --grid"),
        (
            replace(INTERRUPTED, interrupted=EarlyEnd.DEATHS),
            "quick",
            "check --jobs=2 --grid",
            "check --grid --jobs 1",
        ),
        (
            replace(INTERRUPTED, interrupted=None, schedules=Tally()),
            "quick",
            "check --budget 2s --state kept",
            "check --state kept --budget 5m",
        ),
        (INTERRUPTED, "quick", "check --state kept", "check --state kept"),
        (INTERRUPTED, "quick", "check --state=kept", "check --state=kept"),
        (INTERRUPTED, "quick", "check --grid", "check --grid --state .runfaults/state"),
    ],
)
def test_each_end_of_a_check_names_the_next_command(
    result: CheckResult, bound: str, typed: str, command: str
) -> None:
    ((_, told),) = next_steps(result, bound, typed.split())
    assert told == f"runfaults {command}"


def test_a_broken_check_names_the_replay_of_its_heaviest_violation() -> None:
    result = replace(broken_result(), not_reached=())
    (_, told), *_ = next_steps(result, "quick", ["check"])
    assert told.startswith("runfaults replay faults/")


def test_what_is_to_be_seen_of_a_schedule_that_hung_is_said() -> None:
    (known, *_) = broken_result().violations
    hung = Event(99, 5.0, "harness", EventKind.STUCK, "hang", "run is at a.py:1 in f")
    history = replace(known.history, events=(*known.history.events, hung))
    result = replace(UNKNOWN, violations=(replace(known, history=history),))
    ((purpose, told),) = next_steps(result, "quick", ["check"])
    assert "a thread waits for what is not under control" in purpose
    assert told.startswith("runfaults replay")


def test_the_command_has_a_line_of_its_own_that_is_not_wrapped(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["runfaults", "check", "--state", "a" * 90])
    print_next_steps(INTERRUPTED, "quick")
    assert capsys.readouterr().err == "", "nothing but a terminal is read by a person at once"
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    print_next_steps(INTERRUPTED, "quick")
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == ["to continue from here:", f"    runfaults check --state {'a' * 90}"]
