"""The corrected manager dies everywhere and loses nothing."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from runfaults.explore.crash.result import AFTER, BEFORE, deaths_of, reproduction
from runfaults.explore.crash.sweep import CrashBound, crash, play_one
from runfaults.model import Ending, EventKind, History, Schedule, Verdict
from runfaults.oracle.judge import judge
from runfaults.report.progress import SilentProgress

SMALL = CrashBound(
    endings=(Ending.SUCCEEDS,),
    cancelled_endings=(Ending.SUCCEEDS,),
    cancels=("cancel",),
    recoveries=False,
    together=2,
)


def lines(history: History, *kinds: EventKind) -> list[str]:
    return [
        f"{e.actor} {e.kind} {e.subject} {e.value}".strip()
        for e in history.events
        if e.kind in kinds
    ]


def verdicts(history: History) -> set[Verdict]:
    return {judgement.verdict for judgement in judge(history)}


@pytest.fixture(scope="module")
def undisturbed() -> History:
    history, _ = play_one("genglossary", Schedule(), ())
    return history


def number_of(history: History, text: str, kind: EventKind, after: int = -1) -> int:
    return next(
        e.number
        for e in history.events
        if e.kind is kind and e.number > after and text in f"{e.subject} {e.value}"
    )


def died(deaths: Sequence[int], schedule: Schedule) -> History:
    history, reached = play_one("genglossary", schedule, deaths)
    assert reached
    return history


@pytest.mark.timeout(180)
@pytest.mark.parametrize("journal", ["delete", "wal"])
def test_no_death_breaks_a_rule(journal: str, undisturbed: History) -> None:
    bound = CrashBound(
        (journal,), SMALL.endings, SMALL.cancelled_endings, SMALL.cancels, SMALL.recoveries, 2
    )
    result = crash("genglossary", bound, SilentProgress(), jobs=2)
    assert result.verdict is Verdict.HOLDS, [v.scenario.symptom for v in result.violations]
    assert result.notes == ()
    assert result.finished
    covered = {(cell.point, cell.kind) for cell in result.coverage}
    points = [e.subject for e in undisturbed.events if e.kind is EventKind.INVOKE]
    assert len(points) > 25
    assert {(point, kind) for point in points for kind in (BEFORE, AFTER)} <= covered


@pytest.mark.timeout(120)
def test_a_recovery_that_dies_too_breaks_no_rule() -> None:
    bound = CrashBound(("delete",), (Ending.RAISES_IN_TRANSACTION,), (), (), together=0)
    result = crash("genglossary", bound, SilentProgress(), jobs=2)
    assert result.verdict is Verdict.HOLDS, [v.scenario.symptom for v in result.violations]
    assert any(cell.point.startswith("recovery: ") for cell in result.coverage)


def test_an_orphan_becomes_interrupted_and_the_next_run_completes(undisturbed: History) -> None:
    running = number_of(undisturbed, "started", EventKind.PIPELINE)
    history = died((running,), Schedule())
    assert lines(history, EventKind.STATUS) == [
        "database status  pending",
        "database status pending running",
        "database status running interrupted",
        "database status  pending",
        "database status pending running",
        "database status running completed",
    ]
    assert "user@2 reply read interrupted" in lines(history, EventKind.REPLY)
    assert verdicts(history) == {Verdict.HOLDS}


def test_what_was_committed_unheard_is_told_by_the_audit(undisturbed: History) -> None:
    recorded = number_of(undisturbed, "running completed", EventKind.STATUS)
    acknowledged = recorded - 1
    history = died((acknowledged,), Schedule())
    death = next(e.number for e in history.events if e.subject == "died")
    assert history.events[death - 1].value == "completed"
    assert "user@2 reply read completed" in lines(history, EventKind.REPLY)


@pytest.mark.parametrize("journal", ["delete", "wal"])
def test_a_death_right_before_the_commit_undoes_what_it_would_have_committed(
    journal: str, undisturbed: History
) -> None:
    recorded = number_of(undisturbed, "running completed", EventKind.STATUS)
    commit = recorded - 2
    assert undisturbed.events[commit].subject == "run commit #4"
    history = died((commit,), Schedule(journal=journal))
    assert "database status running interrupted" in lines(history, EventKind.STATUS)
    assert verdicts(history) == {Verdict.HOLDS}


def test_the_same_story_is_the_same_history(undisturbed: History) -> None:
    deaths = (number_of(undisturbed, "run commit", EventKind.INVOKE), 12)
    first, second = (died(deaths, Schedule(Ending.RAISES)) for _ in range(2))
    assert first.text() == second.text()
    assert deaths_of(first) == deaths


def test_a_story_is_reproduced_by_its_command(undisturbed: History) -> None:
    history = died((49,), Schedule(journal="wal"))
    command = reproduction("genglossary", history)
    assert command == (
        "runfaults crash --target genglossary --schedule 'pipeline succeeds; journal wal'"
        " --die-after 49"
    )
    played = subprocess.run(
        [sys.executable, "-m", "runfaults.cli", *shlex.split(command)[1:]],
        capture_output=True,
        text=True,
        check=False,
    )
    assert played.returncode == 0, played.stderr
    assert played.stdout.endswith("holds\n")


def test_a_death_after_the_end_is_no_pass() -> None:
    _, reached = play_one("genglossary", Schedule(), (100_000,))
    assert not reached


RUN = """
import signal
from runfaults.cli import main

if __name__ == "__main__":
    # Whoever runs the tests in the background may have told all its children to ignore it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    main()
"""


def test_after_an_interrupt_the_result_is_unknown_and_no_file_is_left(tmp_path: Path) -> None:
    environment = {**os.environ, "RUNFAULTS_TMPDIR": str(tmp_path)}
    with subprocess.Popen(
        [sys.executable, "-c", RUN, "crash", "--jobs", "1"],
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    ) as sweep:
        while not list(tmp_path.glob("runfaults-*/life/runs.db")):
            assert sweep.poll() is None
        sweep.send_signal(signal.SIGINT)
        output, _ = sweep.communicate()
    assert sweep.returncode == 3
    assert "the sweep was interrupted" in output
    assert not list(tmp_path.glob("runfaults-*"))
