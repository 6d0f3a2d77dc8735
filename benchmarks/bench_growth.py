"""What a schedule costs, and how much memory it takes, the more of them there are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from measuring import interpreter


@pytest.mark.parametrize("wanted", [100, 1_000, 10_000])
def test_schedules(benchmark: Any, wanted: int, tmp_path: Path) -> None:
    growing = str(Path(__file__).with_name("growing.py"))

    def grow() -> None:
        told = json.loads(interpreter([growing, str(wanted)], tmp_path).stdout)
        benchmark.extra_info.update(told, per=told["schedules"])

    benchmark.pedantic(grow, rounds=1)
