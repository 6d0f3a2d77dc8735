"""What a search sees, apart from orders that may commute: reduced or not, it has to be the same.

`uv run python tests/explore/outcomes.py 0,1,2 cancel` compares a bound that is too large for the
gate; docs/reference/exhausted.md has what it printed.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from dataclasses import replace

from runfaults.campaign.bounds import bound_named
from runfaults.explore.findings import Findings
from runfaults.explore.job import Chosen
from runfaults.explore.runner import Runner
from runfaults.explore.search import Search
from runfaults.explore.trial import Trial
from runfaults.model import History
from runfaults.sim.execution import Execution
from runfaults.sim.simulation import Simulation
from runfaults.targets import target_named
from small_checks import run_whole


def outcomes(simulation: Simulation, search: Search) -> tuple[set[object], Findings]:
    """What each actor saw and what the database showed, for every history of a search."""
    seen: set[object] = set()

    class Watching(Runner):
        def judge(self, execution: Execution) -> Trial:
            seen.add(_by_actor(execution.history))
            return super().judge(execution)

    return seen, run_whole(Watching(simulation), search)


def _by_actor(history: History) -> object:
    """The history without the order of events of different actors, which may commute."""
    events: defaultdict[str, list[object]] = defaultdict(list)
    for event in history.events:
        events[event.actor].append((event.kind, event.subject, event.value, event.run))
    return tuple(sorted((actor, tuple(told)) for actor, told in events.items()))


def _compare(bound: str, acts: tuple[str, ...]) -> str:
    (small,) = bound_named(bound).limited_to(Chosen(acts=acts)).strategies
    assert isinstance(small, Search)
    with Simulation(target_named("genglossary")) as simulation:
        reduced, fewer = outcomes(simulation, small)
        whole, all_of_them = outcomes(simulation, replace(small, reduce=False))
    return (
        f"{all_of_them.verdicts.total():,} unreduced, {fewer.verdicts.total():,} reduced: "
        f"{len(whole):,} and {len(reduced):,} histories, {len(whole - reduced)} missed"
    )


if __name__ == "__main__":
    print(_compare(sys.argv[1], tuple(sys.argv[2:])))  # noqa: T201  # a script
