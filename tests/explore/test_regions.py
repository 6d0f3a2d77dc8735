"""What each region of a bound comes to: the sweep, the searches, the samples."""

from __future__ import annotations

from dataclasses import replace

from small_checks import SMALL, SOUND, Silence, explored

from runfaults.explore.bound import Bound
from runfaults.explore.check import check, conclude
from runfaults.model import CheckResult


def result_of(bound: Bound) -> CheckResult:
    return check(SOUND, bound, Silence(), jobs=1)


def test_a_region_has_what_it_would_have_alone() -> None:
    bound = SMALL.sampled(6, 2)
    together = result_of(bound)
    alone = [
        result_of(replace(bound, searches=(), sampling=None)),
        result_of(replace(bound, endings=(), sampling=None)),
        result_of(replace(bound, endings=(), searches=())),
    ]
    assert together.regions == tuple(region for each in alone for region in each.regions)
    assert [region.schedules for region in together.regions] == [
        each.schedules.total for each in alone
    ]
    assert together.regions[-1].schedules == 6
    assert together.schedules.total == sum(region.schedules for region in together.regions)
    assert together.pruned == together.regions[1].pruned > 0


def test_a_region_that_nothing_was_run_of_is_told_too() -> None:
    nothing = conclude(explored(SOUND, enough=lambda: True))
    assert [region.schedules for region in nothing.regions] == [0, 0]
    assert nothing.bound == SMALL.describe()
