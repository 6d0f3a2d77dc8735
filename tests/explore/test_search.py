"""The search finds the planted races, and misses no history by reducing."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from outcomes import outcomes

from planted_races import (
    API_CANCEL,
    CLOSE_WHILE_RECORDING,
    DOUBLE_START,
    LATE_CANCEL,
    LATE_SUBSCRIBER,
    LOCK_ORDER,
    PlantedRace,
)
from runfaults.explore.bound import SearchBound, bound_named
from runfaults.explore.findings import Findings
from runfaults.explore.minimise import minimise
from runfaults.explore.search import roots, search, search_shard
from runfaults.explore.shard import Shard
from runfaults.model import Act, Ending, FaultPoint, Schedule, Verdict
from runfaults.sim.simulation import Simulation
from runfaults.targets import target_named

ACTS, PAUSES, STRUCK_ACTS = bound_named("default").searches


SEARCHED = {
    LATE_CANCEL: ACTS,
    API_CANCEL: ACTS,
    DOUBLE_START: PAUSES,
    CLOSE_WHILE_RECORDING: STRUCK_ACTS,
    LATE_SUBSCRIBER: ACTS,
    LOCK_ORDER: PAUSES,
}
"""The search of the default bound that is to find each planted race."""


@contextmanager
def searched(race: PlantedRace, name: str) -> Generator[tuple[Simulation, Findings]]:
    """What that search finds on the bug or its twin, with the act that the bug needs."""
    bound = replace(SEARCHED[race], act_kinds=(race.act,))
    with Simulation(target_named(race.target(name))) as simulation:
        yield simulation, search(simulation, bound)


@pytest.mark.parametrize("race", SEARCHED, ids=str)
def test_a_planted_race_is_found_and_shrunk_to_a_few_elements(race: PlantedRace) -> None:
    assert race.act in SEARCHED[race].act_kinds
    with searched(race, race.bug) as (simulation, found):
        witness = found.witnesses[race.rule, Verdict.BROKEN]
        smallest = minimise(simulation, witness.history.schedule)
    assert not found.problems
    assert smallest.schedule.size <= 2
    assert race.rule in {
        each.rule for each in smallest.judgements if each.verdict is Verdict.BROKEN
    }
    assert all(need.without is Verdict.HOLDS for need in smallest.needs)


@pytest.mark.parametrize("race", SEARCHED, ids=str)
def test_its_innocent_twin_passes(race: PlantedRace) -> None:
    with searched(race, race.twin) as (_, found):
        assert not found.problems
        assert not found.witnesses
        assert found.verdicts[Verdict.HOLDS] > 1


@pytest.mark.parametrize(
    "bound",
    [
        SearchBound(faults=0, acts=1, preemptions=0, act_kinds=("cancel", "cancel-api", "close")),
        SearchBound(faults=0, acts=0, preemptions=1),
        SearchBound(faults=0, acts=0, preemptions=2),
        SearchBound(faults=1, acts=0, preemptions=1),
        SearchBound(faults=0, acts=2, preemptions=0, act_kinds=("cancel",)),
        SearchBound(faults=1, acts=1, preemptions=0, act_kinds=("cancel-api",)),
        SearchBound(faults=0, acts=1, preemptions=1, act_kinds=("cancel",)),
    ],
    ids=SearchBound.describe,
)
def test_the_reduced_search_sees_every_history_of_the_unreduced_one(bound: SearchBound) -> None:
    with Simulation(target_named("genglossary")) as simulation:
        reduced, fewer = outcomes(simulation, replace(bound, reduce=True))
        whole, all_of_them = outcomes(simulation, bound)
    assert reduced == whole
    assert fewer.verdicts.total() < all_of_them.verdicts.total()
    assert fewer.pruned > 0
    assert all_of_them.pruned == 0


def test_shards_together_are_the_whole_search_in_any_order() -> None:
    bound = SearchBound(
        faults=1,
        acts=1,
        preemptions=1,
        act_kinds=("cancel",),
        endings=(Ending.RAISES,),
        reduce=True,
    )
    with Simulation(target_named("genglossary")) as simulation:
        whole = search(simulation, bound)
        parts = Findings()
        known = dict.fromkeys(roots(bound))
        shards = deque(known)
        while shards:
            found = search_shard(simulation, shards.popleft(), bound)
            parts.merge(found)
            shards += [each for each in found.further if each not in known]
            known |= found.further
    assert len(known) > 1
    assert parts.verdicts == whole.verdicts
    assert parts.cells == whole.cells
    assert parts.pruned == whole.pruned


def test_a_fault_has_its_place_where_its_operation_begins_and_not_where_it_was_announced() -> None:
    """Others may go on in between, and hold the lock that the fault would meet first."""
    point = FaultPoint.parse("run execute INSERT runfaults_work #2")
    bound = SearchBound(kinds=("ioerr-write",), act_kinds=("cancel-api",), reduce=True)
    schedule = Schedule(acts=(Act("cancel-api", point),))
    with Simulation(target_named("genglossary")) as simulation:
        points = [step.point for step in simulation.run(schedule).steps]
        found = search_shard(simulation, Shard(schedule, points.index(point) + 1), bound)
    assert found.cells[str(point), "ioerr-write", Verdict.HOLDS] > 1
    assert found.problems == []


def test_the_bound_says_what_is_exhausted() -> None:
    bound = SearchBound(faults=1, acts=2, preemptions=0)
    assert bound.describe() == (
        "all schedules with <= 1 fault (busy), <= 2 acts (cancel, cancel-api), no preemption; "
        "pipeline succeeds; journal delete"
    )
