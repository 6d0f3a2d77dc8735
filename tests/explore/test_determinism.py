"""The same scenario gives the same history, byte for byte, in any process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

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
