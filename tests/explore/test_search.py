"""The search finds the planted races, and misses no history by reducing."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Sequence
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
from runfaults.campaign.bounds import (
    INTERRUPTED,
    KEPT_UNDONE_DONE,
    RACES,
    STRUCK_ACTS,
    bound_named,
)
from runfaults.explore.findings import Findings
from runfaults.explore.job import Allowance, Chosen, Job, Scope
from runfaults.explore.runner import Runner
from runfaults.explore.search import Search
from runfaults.explore.shrink import needs, shrink
from runfaults.model import Act, Ending, FaultPoint, Schedule, Verdict
from runfaults.sim.simulation import Simulation
from runfaults.targets import target_named
from small_checks import CONTROLS, run_whole

ACTS, PAUSES = INTERRUPTED, replace(RACES, reduce=True)

SEARCHED = {
    LATE_CANCEL: ACTS,
    API_CANCEL: ACTS,
    DOUBLE_START: PAUSES,
    CLOSE_WHILE_RECORDING: STRUCK_ACTS,
    LATE_SUBSCRIBER: ACTS,
    LOCK_ORDER: PAUSES,
}
"""The search of the default bound that is to find each planted race."""

# The search for this one takes as long as those for the others together.
_LONG = pytest.param(DOUBLE_START, marks=pytest.mark.nightly)
PLANTED = [_LONG if race is DOUBLE_START else race for race in SEARCHED]


@contextmanager
def searched(race: PlantedRace, name: str) -> Generator[tuple[Runner, Findings]]:
    """What that search finds on the bug or its twin, with the act that the bug needs."""
    search = SEARCHED[race]
    assert search in bound_named("default").strategies
    few = replace(search, scope=search.scope.limited_to(Chosen(acts=(race.act,))))
    with Simulation(target_named(race.target(name))) as simulation:
        runner = Runner(simulation)
        yield runner, run_whole(runner, few)


@pytest.mark.parametrize("race", PLANTED, ids=str)
def test_a_planted_race_is_found_and_shrunk_to_a_few_elements(race: PlantedRace) -> None:
    assert race.act in SEARCHED[race].scope.acts
    with searched(race, race.bug) as (runner, found):
        witness = found.witnesses[race.rule, Verdict.BROKEN]
        smallest = shrink(runner, witness.schedule)
        needed = needs(runner, smallest.schedule)
    assert not found.problems
    assert smallest.schedule.size <= 2
    assert race.rule in {each.rule for each in smallest.trial.failing()}
    assert len(needed) == smallest.schedule.size
    assert all(need.without is Verdict.HOLDS for need in needed)


@pytest.mark.parametrize("race", PLANTED, ids=str)
def test_its_innocent_twin_passes(race: PlantedRace) -> None:
    with searched(race, race.twin) as (_, found):
        assert not found.problems
        assert not found.witnesses
        assert found.verdicts[Verdict.HOLDS] > 1


def small(*most: int, acts: Sequence[str] = ()) -> Search:
    return Search(Scope().limited_to(Chosen(acts=acts)), Allowance(*most))


@pytest.mark.parametrize(
    "search",
    [
        small(0, 1, 0, acts=("cancel",)),
        small(0, 0, 1),
        small(1, 0, 1),
        *(
            pytest.param(search, marks=pytest.mark.nightly)
            for search in (
                small(0, 1, 0, acts=("cancel", "cancel-api", "close")),
                small(0, 0, 2),
                small(0, 2, 0, acts=("cancel",)),
                small(1, 1, 0, acts=("cancel-api",)),
                small(0, 1, 1, acts=("cancel",)),
            )
        ),
    ],
    ids=Search.describe,
)
def test_the_reduced_search_sees_every_history_of_the_unreduced_one(search: Search) -> None:
    with Simulation(target_named("genglossary")) as simulation:
        reduced, fewer = outcomes(simulation, replace(search, reduce=True))
        whole, all_of_them = outcomes(simulation, search)
    assert reduced == whole
    assert fewer.verdicts.total() < all_of_them.verdicts.total()
    assert fewer.pruned > 0
    assert all_of_them.pruned == 0


def causes(found: Findings) -> set[tuple[str, str, str]]:
    return {(mark.rules[0], mark.deed, mark.status) for mark in found.causes}


@pytest.mark.nightly  # by day `tests/cases/test_misfortunes.py` compares them on a smaller bound
@pytest.mark.parametrize(
    ("file", "bug"),
    [
        ("one_try", "OneTry"),
        ("forgotten_cancel", "ForgottenCancel"),
        ("accidental_commit", "AccidentalCommit"),
        ("signal_first", "SignalFirst"),
    ],
)
def test_the_reduced_search_finds_every_cause_of_the_unreduced_one(file: str, bug: str) -> None:
    """A fault with a cancel, as the default bound pairs them."""
    pairs = Search(Scope(KEPT_UNDONE_DONE[:1], ("cancel",)), Allowance(1, 1, 0))
    with Simulation(target_named(f"{CONTROLS / file}.py:{bug}")) as simulation:
        runner = Runner(simulation)
        whole = run_whole(runner, pairs)
        fewer = run_whole(runner, replace(pairs, reduce=True))
    assert causes(whole)
    assert causes(fewer) == causes(whole)
    assert fewer.verdicts.total() < whole.verdicts.total() / 2


@pytest.mark.parametrize(
    "allowance",
    [Allowance(0, 1, 1), pytest.param(Allowance(1, 1, 1), marks=pytest.mark.nightly)],
    ids=str,
)
def test_jobs_together_are_the_whole_search_in_any_order(allowance: Allowance) -> None:
    search = Search(
        Scope(acts=("cancel", "read"), endings=(Ending.RAISES,)), allowance, reduce=True
    )
    with Simulation(target_named("genglossary")) as simulation:
        runner = Runner(simulation)
        whole = run_whole(runner, search)
        together = Findings()
        known = dict.fromkeys(search.jobs(runner))
        jobs = deque(known)
        while jobs:
            found = Findings()
            search.run(runner, jobs.popleft(), found)
            together.merge(found)
            jobs += [each for each in found.follow_ups if each not in known]
            known |= found.follow_ups
    assert len(known) > 1
    assert together.verdicts == whole.verdicts
    assert together.cells == whole.cells
    assert together.pruned == whole.pruned


def test_a_fault_has_its_place_where_its_operation_begins_and_not_where_it_was_announced() -> None:
    """Others may go on in between, and hold the lock that the fault would meet first."""
    point = FaultPoint.parse("run execute INSERT runfaults_work #2")
    scope = Scope(kinds=("ioerr-write",), acts=("cancel-api",))
    search = Search(scope, Allowance(1, 1, 1), reduce=True)
    schedule = Schedule(acts=(Act("cancel-api", point),))
    with Simulation(target_named("genglossary")) as simulation:
        points = [step.point for step in simulation.play(schedule).steps]
        found = Findings()
        search.run(Runner(simulation), Job(schedule, points.index(point) + 1), found)
    assert found.cells[str(point), "ioerr-write", Verdict.HOLDS] > 1
    assert found.problems == []


def test_a_search_says_what_is_exhausted() -> None:
    assert Search(Scope(), Allowance(1, 2, 0)).describe() == (
        "all schedules with <= 1 fault (busy), <= 2 acts (cancel, cancel-api), no preemption; "
        "pipeline succeeds; journal target"
    )
