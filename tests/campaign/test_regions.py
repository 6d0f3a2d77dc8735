"""What each region of a bound comes to: the sweep, the searches, the samples."""

from __future__ import annotations

from dataclasses import replace

from runfaults.campaign.bounds import BOUNDS
from runfaults.explore.samples import Samples
from small_checks import SEARCH, SOUND, SWEEP, checked, concluded, explored

(SAMPLES,) = BOUNDS["quick"].sampled(6, 2).strategies[-1:]


def test_a_region_has_what_it_would_have_alone() -> None:
    together = checked(SOUND, SWEEP, SEARCH, SAMPLES)
    alone = [checked(SOUND, strategy) for strategy in (SWEEP, SEARCH, SAMPLES)]
    assert together.regions == tuple(region for each in alone for region in each.regions)
    assert [region.schedules for region in together.regions] == [
        each.schedules.total for each in alone
    ]
    assert together.regions[-1].schedules == 6
    assert together.schedules.total == sum(region.schedules for region in together.regions)
    assert together.pruned == together.regions[1].pruned > 0


def test_a_region_that_nothing_was_run_of_is_told_too() -> None:
    nothing = concluded(SOUND, explored(SOUND, should_stop=lambda: True))
    assert [region.schedules for region in nothing.regions] == [0, 0]
    bound = f"{SWEEP.describe()}\n{SEARCH.describe()}"
    assert nothing.bound == bound.replace("journal target", "journal delete")


def test_two_strategies_that_say_the_same_are_one_region() -> None:
    assert isinstance(SAMPLES, Samples)
    twice = checked(SOUND, SAMPLES, replace(SAMPLES))
    assert [region.schedules for region in twice.regions] == [12]
