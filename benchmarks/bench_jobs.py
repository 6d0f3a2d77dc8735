"""Two processes against one, from the start of an exploration to its end."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from measuring import measure
from runfaults.explore.bound import bound_named
from runfaults.explore.exploration import Manner, explore
from runfaults.model import Ending

BOUND = replace(
    bound_named("default"), kinds=("busy",), endings=(Ending.SUCCEEDS, Ending.RAISES), searches=()
)


class Silence:
    """A progress that says nothing."""

    def start(self, total: int | None) -> None:
        """See `Progress`."""

    def advance(self, count: int = 1, more: int = 0) -> None:
        """See `Progress`."""

    def note(self, text: str) -> None:
        """See `Progress`."""


@pytest.mark.parametrize("jobs", [1, 2])
def test_exploration(benchmark: Any, jobs: int) -> None:
    found: list[int] = []

    def exploration() -> None:
        result = explore("genglossary", BOUND, Silence(), Manner(jobs=jobs))
        found.append(result.found.verdicts.total())

    measure(benchmark, exploration, rounds=2, warm=0)
    benchmark.extra_info["schedules"] = found[-1]
