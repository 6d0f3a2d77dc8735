"""A budget is spent where a violation is likely, and what it does not reach is said."""

from __future__ import annotations

import pytest
from small_checks import BROKEN, SOUND, explored, stop_after

from runfaults.explore.bound import RACES
from runfaults.explore.budget import Budget, seconds_of
from runfaults.explore.check import conclude
from runfaults.explore.order import Place, left_over, likeliest_first, place_of
from runfaults.explore.part import Part
from runfaults.model import Schedule, Verdict


def part(text: str) -> Part:
    return Part(Schedule.parse(text))


CLEAN = part("pipeline succeeds")
AT_COMMIT = part("fault busy at run commit #4")
FULL_AT_COMMIT = part("fault full at run commit #4")
AT_UPDATE = part("fault busy at run execute UPDATE runs")
AT_SELECT = part("fault busy at user execute SELECT runs")
CANCEL = part("act cancel at run commit")
RACE = Part(Schedule(), RACES)


@pytest.mark.parametrize(
    ("text", "seconds"), [("60s", 60), ("5m", 300), ("1.5h", 5400), (" 1s ", 1)]
)
def test_durations_have_a_unit(text: str, seconds: float) -> None:
    assert seconds_of(text) == seconds


@pytest.mark.parametrize("text", ["", "60", "s", "-1s", "0s", "1d", "1 s s"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="such as 60s"):
        seconds_of(text)


def test_a_budget_is_spent_when_its_time_has_passed() -> None:
    now = [100.0]
    budget = Budget(60, lambda: now[0])
    assert not budget.spent()
    now[0] = 159.9
    assert not budget.spent()
    assert not budget.stopped
    now[0] = 160.0
    assert budget.spent()
    assert budget.stopped


def test_faults_where_a_status_is_recorded_come_first_and_interleavings_last() -> None:
    given = [RACE, AT_SELECT, CANCEL, FULL_AT_COMMIT, AT_UPDATE, AT_COMMIT, CLEAN]
    assert sorted(given, key=likeliest_first) == [
        CLEAN,
        AT_COMMIT,
        AT_UPDATE,
        FULL_AT_COMMIT,
        CANCEL,
        AT_SELECT,
        RACE,
    ]


def test_a_search_without_elements_is_an_interleaving() -> None:
    assert place_of(RACE) is Place.INTERLEAVINGS
    assert place_of(CLEAN) is Place.CLEAN


def test_what_is_left_is_told_by_its_sort() -> None:
    assert list(left_over([RACE, AT_SELECT, RACE], 12)) == [
        "1 of 12 parts: a fault somewhere else",
        "2 of 12 parts: interleavings, and what they lead to",
    ]


@pytest.mark.parametrize("jobs", [1, 2])
def test_enough_is_enough_on_any_number_of_processes(jobs: int) -> None:
    exploration = explored(SOUND, jobs=jobs, enough=stop_after(3))
    result = conclude(exploration)
    assert not exploration.interrupted
    assert not result.finished
    assert result.not_reached
    assert result.schedules.total < conclude(explored(SOUND)).schedules.total


def test_the_likeliest_parts_find_a_planted_bug_before_the_others_would() -> None:
    """The detector's control: in the plain order the same number of parts finds nothing."""
    few = 8
    plain = explored(BROKEN, enough=stop_after(few))
    likeliest = explored(BROKEN, enough=stop_after(few), likeliest_first=True)
    assert conclude(likeliest).verdict is Verdict.BROKEN
    assert conclude(plain).verdict is Verdict.HOLDS
