"""django-tasks-db: Django is configured once in a process, so each test has one of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("django_tasks_db", reason="needs the extra django-tasks")

REPOSITORY = Path(__file__).parents[2]

PROBE = """
from runfaults.explore.probe import probe
from runfaults.model import Ending, EventKind, Schedule
from runfaults.sim.simulation import Simulation
from runfaults.targets import target_named

with Simulation(target_named("django-tasks")) as simulation:
    probe(simulation)
    for ending in (Ending.SUCCEEDS, Ending.RAISES):
        history = simulation.play(Schedule(pipeline=ending)).history
        print(*[event.value for event in history.events if event.kind is EventKind.STATUS])
"""


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, check=False, cwd=REPOSITORY
    )


def test_it_keeps_the_protocol_and_records_what_happened() -> None:
    done = run("-c", PROBE)
    assert done.stdout.splitlines() == ["READY RUNNING SUCCESSFUL", "READY RUNNING FAILED"], (
        done.stderr
    )


def test_success_is_recorded_as_failure_when_the_database_stays_locked() -> None:
    scenario = "faults/targets/django-tasks-success-recorded-as-failed.toml"
    done = run("-m", "runfaults.cli", "replay", scenario)
    assert done.returncode == 1, done.stderr
    assert "broken (as expected)" in done.stdout
    assert "succeeded-never-failed: broken" in done.stdout


def test_a_lock_that_is_over_at_the_third_try_does_no_harm(tmp_path: Path) -> None:
    scenario = REPOSITORY / "faults/targets/django-tasks-success-recorded-as-failed.toml"
    shorter = tmp_path / "shorter.toml"
    shorter.write_text(scenario.read_text("utf-8").replace("times = 3", "times = 2"), "utf-8")
    done = run("-m", "runfaults.cli", "replay", str(shorter))
    assert done.returncode == 0, done.stdout
    assert "holds" in done.stdout
