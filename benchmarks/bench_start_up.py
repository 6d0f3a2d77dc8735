"""From the start of a process to its end."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from measuring import interpreter, measure

COMMAND = ("-c", "from runfaults.cli import main; main()")


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["-c", "pass"], id="python"),
        pytest.param([*COMMAND, "--help"], id="help"),
        pytest.param(
            [*COMMAND, "replay", "faults/locked-while-recording-completed.toml"], id="replay"
        ),
    ],
)
def test_process(benchmark: Any, arguments: list[str], tmp_path: Path) -> None:
    measure(benchmark, lambda: interpreter(arguments, tmp_path), rounds=10)
