"""Ctrl-C and SIGTERM leave no process and no file, and tell what was found."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest

BROKEN = """
    import os
    from jobs import Jobs, JobsTarget

    class Target(JobsTarget):
        runs = 0
        class jobs(Jobs):
            def cancel(self, run):
                return False
            def record(self, connection, job, state):
                super().record(connection, job, state)
                super().record(connection, job, "error")
                Target.runs += 1
                if Target.runs == {} and os.path.exists("far"):
                    with open("far", "w") as far:
                        far.write("enough")
"""

BOTH = [signal.SIGINT, signal.SIGTERM]
"""Two at one instant."""


def wait_until_far(folder: Path) -> None:
    """Wait for the first process that has run enough schedules; no other one waits to be read."""
    with (folder / "far").open() as far:
        assert far.read() == "enough"
    (folder / "far").unlink()


@pytest.mark.parametrize(
    ("jobs", "numbers"),
    [
        ("1", [signal.SIGTERM]),
        ("2", BOTH),
        pytest.param("1", BOTH, marks=pytest.mark.nightly),
        pytest.param("2", [signal.SIGINT], marks=pytest.mark.nightly),
        pytest.param("2", [signal.SIGTERM], marks=pytest.mark.nightly),
    ],
)
def test_what_was_found_is_told_and_nothing_is_left(
    here: Any, numbers: list[signal.Signals], jobs: str
) -> None:
    here.write("target.py", BROKEN.format(40))  # after the first lives, in the search
    os.mkfifo(here.folder / "far")
    (here.folder / "tmp").mkdir()
    arguments = ("check", "--target", "target.py:Target", "--bound", "1,0,2", "--jobs", jobs)
    with here.begin(*arguments, RUNFAULTS_TMPDIR=str(here.folder / "tmp")) as process:
        wait_until_far(here.folder)
        for number in numbers:
            process.send_signal(number)
        output, _ = process.communicate(timeout=120)
    assert process.returncode == 1, output
    assert "succeeded-never-failed" in output
    assert "target.py:Target: broken by" in output
    assert list((here.folder / ".runfaults").glob("*.toml"))
    assert list((here.folder / "tmp").iterdir()) == []
    assert not here.left_of(process.pid)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_without_a_violation_it_is_unknown(here: Any, number: signal.Signals) -> None:
    """An innocent twin: the status is recorded once."""
    sound = BROKEN.replace('super().record(connection, job, "error")\n', "pass\n")
    here.write("target.py", sound.format(15))
    os.mkfifo(here.folder / "far")
    arguments = ("check", "--target", "target.py:Target", "--bound", "0,0,2", "--jobs", "1")
    with here.begin(*arguments) as process:
        wait_until_far(here.folder)
        process.send_signal(number)
        output, _ = process.communicate(timeout=120)
    assert process.returncode == 3, output
    assert "target.py:Target: unknown: it was interrupted" in " ".join(output.split())


def test_no_process_outlives_one_that_is_killed(here: Any) -> None:
    here.write("target.py", BROKEN.format(25))
    os.mkfifo(here.folder / "far")
    (here.folder / "tmp").mkdir()
    arguments = ("check", "--target", "target.py:Target", "--bound", "1,0,2", "--jobs", "2")
    with here.begin(*arguments, RUNFAULTS_TMPDIR=str(here.folder / "tmp")) as process:
        wait_until_far(here.folder)
        process.kill()
        process.communicate(timeout=120)
    assert not here.left_of(process.pid)
    assert list((here.folder / "tmp").iterdir()) == []
