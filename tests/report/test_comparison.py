from __future__ import annotations

from itertools import takewhile

from sample_histories import cancel_lost, mission_bug, undisturbed

from runfaults.report.comparison import compare
from runfaults.report.steps import steps


def test_the_first_difference_is_the_struck_step() -> None:
    violation = mission_bug()
    pairs = compare(steps(violation.history), steps(undisturbed()))
    (first,) = (pair for pair in pairs if pair.first_difference)
    assert first.failing
    assert first.passing
    assert first.failing.title == first.passing.title == "commit #2"
    assert first.failing.failure
    assert not first.passing.failure
    before = list(takewhile(lambda pair: not pair.first_difference, pairs))
    assert len(before) == 14
    assert all(pair.alike for pair in before)


def test_no_step_is_lost_or_doubled() -> None:
    violation = cancel_lost()
    assert violation.neighbour
    failing, passing = steps(violation.history), steps(violation.neighbour)
    pairs = compare(failing, passing)
    assert tuple(pair.failing for pair in pairs if pair.failing) == failing
    assert tuple(pair.passing for pair in pairs if pair.passing) == passing


def test_times_alone_are_no_difference() -> None:
    later = tuple(undisturbed().events)
    moved = tuple(event._replace(time=event.time + 1) for event in later)
    one = undisturbed()
    other = type(one)(one.target, one.schedule, one.vocabulary, moved)
    assert all(pair.alike for pair in compare(steps(one), steps(other)))


def test_without_a_neighbour_nothing_is_a_difference() -> None:
    pairs = compare(steps(undisturbed()), ())
    assert pairs
    assert not any(pair.first_difference or pair.passing for pair in pairs)
