"""The same scenario gives the same history, byte for byte, in any process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from runfaults.explore.determinism import first_difference
from runfaults.model import Act, Journal, Schedule
from runfaults.sim.simulation import Simulation
from runfaults.targets import target_named

ROOT = Path(__file__).parent.parent.parent


def history(path: Path, seed: str) -> bytes:
    replayed = subprocess.run(
        [sys.executable, "-m", "runfaults.cli", "replay", "--history", str(path)],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": seed},
        capture_output=True,
        check=False,
    )
    assert replayed.stderr == b""
    return replayed.stdout


@pytest.mark.parametrize(
    "name", ["locked-while-recording-a-cancel", "controls/one-try-calls-a-cancel-failure"]
)
def test_fresh_processes_replay_the_same_history(name: str) -> None:
    path = ROOT / "faults" / f"{name}.toml"
    histories = {history(path, seed) for seed in ("0", "1", "4711")}
    assert len(histories) == 1
    assert b" settled" in histories.pop()


@pytest.mark.parametrize("every", [4, pytest.param(1, marks=pytest.mark.nightly)])
@pytest.mark.parametrize("journal", [Journal.DELETE, Journal.WAL])
def test_no_actor_notices_that_a_survey_asks_what_could_strike(
    journal: Journal, every: int
) -> None:
    """Also where another connection waits for readers to go, and lets no new ones in."""
    clean = Schedule(journal=journal)
    pausing = "act cancel-api at user fetch PRAGMA user_version #2"
    lost = Schedule.parse(
        f"fault lost-acknowledgement at user commit; {pausing}; journal {journal}"
    )
    with Simulation(target_named("genglossary")) as simulation:
        points = [step.point for step in simulation.play(clean).steps][20::every]
        schedules = [Schedule(acts=(Act("cancel-api", at),), journal=journal) for at in points]
        differences = [first_difference(simulation, each) for each in (lost, *schedules)]
    assert [each for each in differences if each] == []
