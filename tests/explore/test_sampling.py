"""Samples beyond the bound find planted races as often as they say, and can be repeated."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from elsewhere import lines_elsewhere, lines_of

from planted_races import (
    API_CANCEL,
    CLOSE_WHILE_RECORDING,
    LATE_CANCEL,
    LATE_SUBSCRIBER,
    LOCK_ORDER,
    PlantedRace,
)
from runfaults.campaign.bound import Bound
from runfaults.campaign.bounds import BOUNDS
from runfaults.campaign.findings_file import from_document, to_document
from runfaults.campaign.running import Options, Outcome, run_campaign
from runfaults.explore.findings import Findings
from runfaults.explore.job import AT_ONCE, JOURNALS, TAKING_TIME, Chosen, Measured, Scope
from runfaults.explore.runner import Runner
from runfaults.explore.samples import Sample, Samples, _too_early, probability
from runfaults.explore.shrink import shrink
from runfaults.explore.strategy import Strategy
from runfaults.model import Preemption, Schedule, Verdict
from runfaults.model.listener import Listener
from runfaults.oracle.judge import judge
from runfaults.sim.acts import ACTS
from runfaults.sim.simulation import Simulation
from runfaults.sqlite.kinds import KINDS
from runfaults.targets import target_named
from small_checks import InterruptedAfter, campaign_of, checked, comparable, concluded, heeding

LARGE = Samples(Scope(tuple(KINDS), tuple(ACTS), (1, 3, None), AT_ONCE, JOURNALS), samples=30)
"""Up to three faults and two acts of all kinds."""


def only(samples: int, act: str, faults: int = 0) -> Samples:
    """With at most one act of one kind, so that there is one choice to be tried in many orders."""
    return Samples(Scope(acts=(act,)), samples, depth=2, faults=faults, acts=1)


WITHOUT_FAULT = (LATE_CANCEL, API_CANCEL, LATE_SUBSCRIBER, LOCK_ORDER)
RARE = 200
"""How many samples show the rarest one; sixty do elsewhere."""

SAMPLED = {race: only(RARE if race is LOCK_ORDER else 60, race.act) for race in WITHOUT_FAULT} | {
    CLOSE_WHILE_RECORDING: only(60, CLOSE_WHILE_RECORDING.act, faults=1)
}
"""The planted bugs of depth 2, and where to look for each."""


def ran(target: str, samples: Samples, listener: Listener | None = None, **options: Any) -> Outcome:
    """What comes of these samples alone."""
    given = replace(Options(processes=1), **options)
    with heeding():
        return run_campaign(campaign_of(target, samples), given, listener or Listener())


def reseeded(seed: int) -> Samples:
    """Ten of the large samples with another seed."""
    return replace(LARGE, samples=10, scope=replace(LARGE.scope, seed=seed))


def samples_of(simulation: Simulation, samples: Samples) -> Iterator[Sample]:
    for job in samples.jobs(Runner(simulation)):
        yield from samples.take(simulation, job.begin)


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
                    (each.rule, each.verdict) for each in judge(sample.execution.history)
                }
    assert chosen > 20
    assert found / chosen >= probability(measured.actors, measured.steps, SAMPLED[race].depth)


@pytest.mark.parametrize("race", SAMPLED, ids=str)
def test_the_innocent_twin_of_a_race_passes(race: PlantedRace) -> None:
    result = checked(race.target(race.twin), replace(SAMPLED[race], samples=60))
    assert result.verdict is Verdict.HOLDS
    assert result.schedules.holds == 60
    assert not result.notes


@pytest.mark.parametrize(
    "race",
    [pytest.param(LATE_CANCEL, marks=pytest.mark.nightly), CLOSE_WHILE_RECORDING],
    ids=str,
)
def test_a_check_with_samples_shrinks_what_they_find_to_a_scenario(
    race: PlantedRace, tmp_path: Path
) -> None:
    target = race.target(race.bug)
    result = checked(target, SAMPLED[race], save_to=tmp_path)
    assert not result.notes
    violation = next(
        each for each in result.violations if race.rule in {rule.rule for rule in each.failing}
    )
    assert violation.saved_to is not None
    assert violation.scenario.schedule.size <= 3
    with Simulation(target_named(target)) as simulation:
        again = simulation.play(violation.scenario.schedule)
        minimal = shrink(Runner(simulation), violation.scenario.schedule, {race.rule})
    assert again.history.events == violation.history.events
    assert minimal.schedule == violation.scenario.schedule


def test_a_sample_is_an_ordinary_schedule_with_the_same_history() -> None:
    apart = 0
    with Simulation(target_named("genglossary")) as simulation:
        for sample in samples_of(simulation, LARGE):
            execution = simulation.play(sample.schedule)
            assert execution.history == sample.execution.history
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
            differ += simulation.play(schedule).history.events != sample.execution.history.events
    assert differ > 0


def test_an_act_before_there_is_anything_to_act_upon_is_noticed() -> None:
    with Simulation(target_named("genglossary")) as simulation:
        for text, early in (
            ("act start at user reach begin", True),
            ("act start at user connect", False),
            ("act cancel at user execute INSERT runs", True),
            ("act cancel at run connect", False),
            ("act cancel", False),
        ):
            schedule = Schedule.parse(f"pipeline succeeds; {text}")
            assert bool([*_too_early(simulation.play(schedule))]) is early, text


def test_a_sample_is_the_same_in_any_process() -> None:
    with Simulation(target_named("genglossary")) as simulation:
        first, again = (list(samples_of(simulation, replace(LARGE, samples=10))) for _ in range(2))
        schedules = [sample.schedule for sample in first]
        here = [lines_of(simulation, schedule) for schedule in schedules]
        assert lines_elsewhere("genglossary", schedules) == here
        other = list(samples_of(simulation, reseeded(1)))
    assert [one.execution.history for one in first] == [one.execution.history for one in again]
    assert schedules != [replace(sample.schedule, seed=0) for sample in other]


def test_any_number_of_processes_finds_the_same() -> None:
    race = CLOSE_WHILE_RECORDING
    samples = replace(SAMPLED[race], samples=25, orders=5)
    target = race.target(race.bug)
    one, two = (ran(target, samples, processes=processes) for processes in (1, 2))
    assert one.found.verdicts.total() == 25
    assert one.found.sampled == two.found.sampled
    assert comparable(target, one, samples) == comparable(target, two, samples)


def test_an_interrupted_check_goes_on_with_the_samples_that_are_left(tmp_path: Path) -> None:
    brief = replace(LARGE.scope, counts=(1, 3), acts=("cancel", "close"))
    samples = replace(LARGE, scope=brief, samples=10, orders=2)
    first = ran("genglossary", samples, InterruptedAfter(2), state=tmp_path)
    assert first.not_reached == ("3 of 5 jobs: samples beyond the bound",)
    second = ran("genglossary", samples, state=tmp_path)
    whole = ran("genglossary", samples)
    assert second.found.sampled == whole.found.sampled
    assert comparable("genglossary", second, samples) == comparable("genglossary", whole, samples)


def test_what_was_measured_outlives_a_file() -> None:
    with Simulation(target_named("genglossary")) as simulation:
        runner, found = Runner(simulation), Findings()
        LARGE.run(runner, next(LARGE.jobs(runner)), found)
    assert found.sampled.actors >= 2
    assert from_document(to_document(found)).sampled == found.sampled


def test_jobs_are_all_samples() -> None:
    samples = replace(LARGE, samples=11, orders=4)
    with Simulation(target_named("genglossary")) as simulation:
        runner = Runner(simulation)
        jobs = list(samples.jobs(runner))
        taken = [len(list(samples.take(simulation, job.begin))) for job in jobs]
        assert not list(replace(LARGE, samples=0).jobs(runner))
    assert [job.begin for job in jobs] == [0, 1, 2]
    assert taken == [4, 4, 3]


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
        "cancel; 10 orders of each draw); pipeline succeeds; journal target"
    )
    assert sampling.describe() == words
    assert sampling.describe(Measured()) == words
    assert sampling.describe(Measured(5, 200, 0)) == (
        f"{words}: a bug of that depth in the order of yield points is found by each sample of "
        "the pipeline, journal, faults and acts that it needs with probability >= 1/1,000, by 10 "
        "orders with >= 0.0099, by 2,000 with >= 0.86 (n = 5 actors, k = 200 steps)"
    )  # 1 - 0.999^10 = 0.00996, 1 - 0.999^2000 = 0.8648
    assert sampling.describe(Measured(5, 200, 7)).endswith(
        "(n = 5 actors, k = 200 steps; 7 ran longer than expected: no actor was preempted in the "
        "extra steps)"
    )


def test_a_small_probability_is_not_rounded_up() -> None:
    words = replace(only(10, "cancel"), depth=3).describe(Measured(6, 300, 0))
    assert "probability >= 1/540,000, by 10 orders with >= 0.000018, " in words


def test_a_check_reports_the_probability_with_the_bound() -> None:
    samples = replace(LARGE, samples=10)
    outcome = ran("genglossary", samples)
    measured, result = outcome.found.sampled, concluded("genglossary", outcome, samples)
    assert f"k = {measured.steps:,} steps" in result.bound
    assert f"n = {measured.actors} actors" in result.bound


def sampling_of(bound: Bound) -> Strategy:
    """The last strategy of a bound."""
    return bound.strategies[-1]


def test_samples_of_a_bound_can_be_more_or_none() -> None:
    nightly, quick = BOUNDS["nightly"], BOUNDS["quick"]
    own = sampling_of(nightly)
    assert isinstance(own, Samples)
    assert nightly.sampled(None, None) == nightly
    assert nightly.sampled(0, None).strategies == nightly.strategies[:-1]
    assert sampling_of(nightly.sampled(None, 4)) == replace(own, depth=4)
    assert quick.sampled(None, None) == quick
    assert quick.sampled(7, 2).strategies == (*quick.strategies, replace(own, samples=7, depth=2))
    with pytest.raises(ValueError, match="a depth of 2, but no samples"):
        quick.sampled(None, 2)


def test_only_and_seed_hold_for_samples_too() -> None:
    bound = Bound("samples", (LARGE,)).limited_to(Chosen(["full"], ["close"])).seeded(5)
    scope = replace(LARGE.scope, kinds=("full",), acts=("close",), seed=5)
    assert bound.strategies == (replace(LARGE, scope=scope),)


def test_a_sample_that_goes_round_counts_as_its_schedule_has_it() -> None:
    """Under random priorities each round is made; the ordinary schedule passes many over."""
    target = f"{Path(__file__).with_name('patient_jobs.py')}:Target"
    scope = Scope(("cantopen",), (), (None,), TAKING_TIME)
    samples = Samples(scope, 4, orders=1)
    with Simulation(target_named(target)) as simulation:
        runner, found = Runner(simulation), Findings()
        for job in samples.jobs(runner):
            samples.run(runner, job, found)
        shortened = [
            runner.run(sample.schedule).execution.shortened
            for job in samples.jobs(runner)
            for sample in samples.take(simulation, job.begin)
        ]
    assert any(shortened)
    assert (found.doubts, found.problems) == ([], [])
