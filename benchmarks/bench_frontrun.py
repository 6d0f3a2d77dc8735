"""frontrun on the same manager and the same question, as far as it gets."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from measuring import interpreter


@pytest.mark.parametrize("bug", ["none", "planted"])
@pytest.mark.parametrize("strategy", ["random", "dpor"])
def test_exploration(benchmark: Any, strategy: str, bug: str, tmp_path: Path) -> None:
    pytest.importorskip("frontrun", reason="of the group `benchmarks`")
    script = str(Path(__file__).with_name("exploring_with_frontrun.py"))
    told: list[dict[str, Any]] = []

    def explore() -> None:
        # It has a library loaded before Python begins, so it starts the process itself.
        arguments = ["-m", "frontrun.cli", sys.executable, script, strategy, bug]
        told.append(json.loads(interpreter(arguments, tmp_path).stdout.splitlines()[-1]))

    benchmark.pedantic(explore, rounds=3 if strategy == "random" else 1)
    best = min(told, key=lambda each: each["seconds"])
    benchmark.extra_info.update(best, per=best["explored"])
