"""Samples beyond the bound find planted races as often as they say, and can be repeated."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from small_checks import Silence, comparable, stop_after

from planted_races import (
    API_CANCEL,
    CLOSE_WHILE_RECORDING,
    LATE_CANCEL,
    LATE_SUBSCRIBER,
    LOCK_ORDER,
    PlantedRace,
)
from runfaults.explore.bound import BOUNDS, Bound
from runfaults.explore.check import check, conclude
from runfaults.explore.determinism import first_difference_elsewhere
from runfaults.explore.exploration import Manner, explore
from runfaults.explore.findings_file import from_document, to_document
from runfaults.explore.minimise import minimise
from runfaults.explore.sample import (
    Sample,
    _too_early,
    batches,
    run_batch,
    take_samples,
)
from runfaults.explore.sampling import Measured, Sampling, probability
from runfaults.model import Ending, Preemption, Schedule, Verdict
from runfaults.oracle.judge import judge
from runfaults.sim.simulation import Simulation
from runfaults.targets import target_named

LARGE = Sampling(60, counts=(1, 3, None))
"""Up to three faults and two acts of all kinds."""


def only(samples: int, act: str, faults: int = 0) -> Sampling:
    """With at most one act of one kind, so that there is one choice to be tried in many orders."""
    return Sampling(
        samples,
        depth=2,
        faults=faults,
        acts=1,
        kinds=("busy",),
        act_kinds=(act,),
        endings=(Ending.SUCCEEDS,),
        journals=("delete",),
    )


WITHOUT_FAULT = (LATE_CANCEL, API_CANCEL, LATE_SUBSCRIBER, LOCK_ORDER)
SAMPLED = {race: only(300, race.act) for race in WITHOUT_FAULT} | {
    CLOSE_WHILE_RECORDING: only(200, CLOSE_WHILE_RECORDING.act, faults=1)
}
"""The planted bugs of depth 2, and where to look for each."""


def samples_of(simulation: Simulation, sampling: Sampling) -> Iterator[Sample]:
    for batch in batches(sampling):
        yield from take_samples(simulation, sampling, batch)


def sampled(sampling: Sampling) -> Bound:
    """A bound that is nothing but these samples."""
    return Bound("samples", endings=(), sampling=sampling)


@pytest.mark.parametrize("race", WITHOUT_FAULT, ids=str)
def test_a_race_is_found_as_often_as_promised(race: PlantedRace) -> None:
    chosen = found = 0
    measured = Measured()
    with Simulation(target_named(race.target(race.bug))) as simulation:
        for sample in samples_of(simulation, SAMPLED[race]):
            if sample.schedule.acts:
                chosen += 1
                measured |= sample.measured
                found += (race.rule, Verdict.BROKEN) in {
                    (each.rule, each.verdict) for each in judge(sample.history)
                }
    assert chosen > 100
    assert found / chosen >= probability(measured.actors, measured.steps, SAMPLED[race].depth)


@pytest.mark.parametrize("race", SAMPLED, ids=str)
def test_the_innocent_twin_of_a_race_passes(race: PlantedRace) -> None:
    bound = sampled(replace(SAMPLED[race], samples=150))
    result = check(race.target(race.twin), bound, Silence(), jobs=1)
    assert result.verdict is Verdict.HOLDS
    assert result.schedules.holds == 150
    assert not result.notes


@pytest.mark.parametrize("race", [LATE_CANCEL, CLOSE_WHILE_RECORDING], ids=str)
def test_a_check_with_samples_shrinks_what_they_find_to_a_scenario(
    race: PlantedRace, tmp_path: Path
) -> None:
    target = race.target(race.bug)
    result = check(target, sampled(SAMPLED[race]), Silence(), jobs=1, save_to=tmp_path)
    assert not result.notes
    violation = next(
        each for each in result.violations if race.rule in {rule.rule for rule in each.against}
    )
    assert violation.saved_to is not None
    assert violation.scenario.schedule.size <= 3
    with Simulation(target_named(target)) as simulation:
        again = simulation.run(violation.scenario.schedule)
        minimal = minimise(simulation, violation.scenario.schedule, race.rule)
    assert again.history.events == violation.history.events
    assert minimal.schedule == violation.scenario.schedule


def test_a_sample_is_an_ordinary_schedule_with_the_same_history() -> None:
    apart = 0
    with Simulation(target_named("genglossary")) as simulation:
        for sample in samples_of(simulation, LARGE):
            execution = simulation.run(sample.schedule)
            assert execution.history == sample.history
            assert execution.steps == sample.execution.steps
            assert not execution.refused
            assert not execution.unreached
            entered = {act.at for act in sample.schedule.acts}
            apart += any(switch.at in entered for switch in sample.schedule.preemptions)
    assert apart > 0


def test_switches_are_kept_apart_from_acts_that_enter_at_the_same_point() -> None:
    """The control of the one before: without that some histories would differ."""
    differ = 0
    with Simulation(target_named("genglossary")) as simulation:
        for sample in samples_of(simulation, LARGE):
            merged: dict[object, Preemption] = {}
            for switch in sample.schedule.preemptions:
                merged[switch.at] = switch
            schedule = replace(sample.schedule, preemptions=tuple(merged.values()))
            differ += simulation.run(schedule).history.events != sample.history.events
    assert differ > 0


def test_an_act_before_there_is_anything_to_act_upon_is_noticed() -> None:
    with Simulation(target_named("genglossary")) as simulation:
        for text, early in (
            ("act start at user connect", True),
            ("act start at user execute INSERT runs", False),
            ("act cancel at user execute INSERT runs", True),
            ("act cancel at run connect", False),
            ("act cancel", False),
        ):
            schedule = Schedule.parse(f"pipeline succeeds; {text}")
            assert bool([*_too_early(simulation.run(schedule))]) is early, text


def test_a_sample_is_the_same_in_any_process() -> None:
    with Simulation(target_named("genglossary")) as simulation:
        first, again = (list(samples_of(simulation, replace(LARGE, samples=20))) for _ in range(2))
        schedules = [sample.schedule for sample in first]
        assert first_difference_elsewhere("genglossary", simulation, schedules) is None
        other = list(samples_of(simulation, replace(LARGE, samples=20, seed=1)))
    assert [sample.history for sample in first] == [sample.history for sample in again]
    assert schedules != [replace(sample.schedule, seed=0) for sample in other]


def test_any_number_of_processes_finds_the_same() -> None:
    race = CLOSE_WHILE_RECORDING
    bound = sampled(replace(SAMPLED[race], samples=105))
    target = race.target(race.bug)
    one, two = (explore(target, bound, Silence(), Manner(jobs=jobs)) for jobs in (1, 2))
    assert one.found.verdicts.total() == 105
    assert one.found.sampled == two.found.sampled
    assert comparable(one) == comparable(two)


def test_an_interrupted_check_goes_on_with_the_samples_that_are_left(tmp_path: Path) -> None:
    bound = sampled(replace(LARGE, samples=45))
    manner = Manner(jobs=1, state=tmp_path, likeliest_first=True)
    first = explore("genglossary", bound, Silence(), replace(manner, enough=stop_after(2)))
    assert first.not_reached == ("3 of 5 parts: samples beyond the bound",)
    second = explore("genglossary", bound, Silence(), manner)
    whole = explore("genglossary", bound, Silence(), Manner(jobs=1))
    assert second.found.sampled == whole.found.sampled
    assert comparable(second) == comparable(whole)


def test_what_was_measured_outlives_a_file() -> None:
    with Simulation(target_named("genglossary")) as simulation:
        found = run_batch(simulation, LARGE, next(batches(LARGE)))
    assert found.sampled.actors >= 2
    assert from_document(to_document(found)).sampled == found.sampled


def test_batches_are_all_samples() -> None:
    found = list(batches(replace(LARGE, samples=11, orders=4)))
    assert [(batch.number, batch.orders) for batch in found] == [(0, 4), (1, 4), (2, 3)]
    assert not list(batches(replace(LARGE, samples=0)))


@pytest.mark.parametrize(
    ("actors", "steps", "depth", "one_in"), [(4, 100, 1, 4), (4, 100, 2, 400), (3, 10, 4, 3000)]
)
def test_the_probability_is_that_of_the_paper(
    actors: int, steps: int, depth: int, one_in: int
) -> None:
    assert probability(actors, steps, depth) == Fraction(1, one_in)


def test_the_report_states_what_was_measured_and_what_follows() -> None:
    sampling = only(2000, "cancel", faults=3)
    words = (
        "2,000 samples by PCT beyond the bound (depth 2, <= 3 faults of 1 kind, <= 1 act of "
        "cancel; 10 orders of each draw); pipeline succeeds; journal delete"
    )
    assert sampling.describe() == words
    assert sampling.describe(Measured()) == words
    assert sampling.describe(Measured(5, 200, 0)) == (
        f"{words}: a bug of that depth in the order of yield points is found by each sample of "
        "the pipeline, journal, faults and acts that it needs with probability >= 1/1,000, by 10 "
        "orders with >= 0.0099, by 2,000 with >= 0.86 (n = 5 actors, k = 200 steps)"
    )  # 1 - 0.999^10 = 0.00996, 1 - 0.999^2000 = 0.8648
    assert sampling.describe(Measured(5, 200, 7)).endswith(
        "(n = 5 actors, k = 200 steps; 7 had more steps, in which nobody was paused)"
    )


def test_a_small_probability_is_not_rounded_up() -> None:
    words = replace(only(10, "cancel"), depth=3).describe(Measured(6, 300, 0))
    assert "probability >= 1/540,000, by 10 orders with >= 0.000018, " in words


def test_a_check_reports_the_probability_with_the_bound() -> None:
    exploration = explore("genglossary", sampled(replace(LARGE, samples=10)), Silence())
    measured = exploration.found.sampled
    assert f"k = {measured.steps:,} steps" in conclude(exploration).bound
    assert f"n = {measured.actors} actors" in conclude(exploration).bound


def test_samples_of_a_bound_can_be_more_or_none() -> None:
    nightly, quick = BOUNDS["nightly"], BOUNDS["quick"]
    assert nightly.sampling is not None
    assert nightly.sampled(None, None) == nightly
    assert nightly.sampled(0, None).sampling is None
    assert nightly.sampled(None, 4).sampling == replace(nightly.sampling, depth=4)
    assert quick.sampling is None
    assert quick.sampled(None, None) == quick
    assert quick.sampled(7, 2).sampling == replace(nightly.sampling, samples=7, depth=2)
    with pytest.raises(ValueError, match="a depth of 2, but no samples"):
        quick.sampled(None, 2)


def test_only_and_seed_hold_for_samples_too() -> None:
    bound = sampled(LARGE).limited_to(["full"], ["close"]).seeded(5)
    assert bound.sampling == replace(LARGE, kinds=("full",), act_kinds=("close",), seed=5)
