"""Two processes against one, from the start of an exploration to its end."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from measuring import measure
from runfaults.campaign.bounds import bound_named
from runfaults.campaign.campaign import Campaign
from runfaults.campaign.running import Options, run_campaign
from runfaults.explore.job import Chosen
from runfaults.model import Ending
from runfaults.model.listener import Listener

_DEFAULT = bound_named("default").limited_to(Chosen(("busy",))).strategies[0]
SWEEP = replace(_DEFAULT, scope=replace(_DEFAULT.scope, endings=(Ending.SUCCEEDS, Ending.RAISES)))


@pytest.mark.parametrize("jobs", [1, 2])
def test_exploration(benchmark: Any, jobs: int) -> None:
    found: list[int] = []

    def exploration() -> None:
        campaign = Campaign("genglossary", (SWEEP,))
        outcome = run_campaign(campaign, Options(processes=jobs), Listener())
        found.append(outcome.found.verdicts.total())

    measure(benchmark, exploration, rounds=2, warm=0)
    benchmark.extra_info["schedules"] = found[-1]
