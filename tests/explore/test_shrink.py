"""A failing schedule loses everything that the failure does not need."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from runfaults.explore import shrink as module
from runfaults.explore.runner import Runner
from runfaults.explore.shrink import NothingToMinimiseError, in_place, needs, shrink
from runfaults.explore.trial import NotPlayableError
from runfaults.model import EventKind, History, Schedule, Verdict
from runfaults.oracle import Facts, Finding, broken, rule
from runfaults.sim.simulation import Simulation
from runfaults.targets import target_named
from small_checks import BROKEN

PLANTED = Path(__file__).parents[1] / "planted.py"
RULES = frozenset({"succeeded-never-failed"})
SMALLEST = "pipeline succeeds; fault busy at run execute UPDATE jobs"
MINIMAL = "pipeline succeeds; fault busy at run commit #4"


@pytest.fixture
def one_try() -> Iterator[Runner]:
    with Simulation(target_named(BROKEN)) as simulation:
        yield Runner(simulation)


@pytest.mark.parametrize(
    "more",
    [
        "fault busy at run commit #4 until lifted",
        "fault ioerr-write at run commit #4 x2",
        "fault busy at run commit #4; act read at run connect",
        "fault busy at run commit #4; switch user reach started to run; seed 7",
        "fault busy at run commit #4; act cancel-unknown at run commit #2; act read",
    ],
)
def test_shrinks_to_the_same_minimum(one_try: Runner, more: str) -> None:
    found = shrink(one_try, Schedule.parse(more))
    assert str(found.schedule) == MINIMAL
    (need,) = needs(one_try, found.schedule)
    assert need.element == "fault busy at run commit #4"
    assert need.without is Verdict.HOLDS


def test_what_holds_cannot_be_minimised(one_try: Runner) -> None:
    with pytest.raises(NothingToMinimiseError, match="every rule holds"):
        shrink(one_try, Schedule())


def test_what_cannot_happen_cannot_be_minimised(one_try: Runner) -> None:
    with pytest.raises(NotPlayableError, match="never reached: cancel at run commit #99"):
        shrink(one_try, Schedule.parse("act cancel at run commit #99"))


def test_every_candidate_differs_and_is_no_larger() -> None:
    schedule = Schedule.parse(
        "pipeline raises; fault full at run commit x3; act cancel-api; "
        "switch run commit to user; journal wal; seed 4"
    )
    found = list(in_place(schedule))
    assert schedule not in found
    assert len(set(found)) == len(found)
    assert all(each.size <= schedule.size for each in found)


@rule(exercised=lambda *_: True)
def never_struck_once(history: History, _facts: Facts) -> Iterator[Finding]:
    """Is broken by one strike."""
    if _strikes(history) == 1:
        yield broken("one strike")


@rule(exercised=lambda *_: True)
def never_struck_twice(history: History, _facts: Facts) -> Iterator[Finding]:
    """Is broken by two strikes."""
    if _strikes(history) == 2:
        yield broken("two strikes")


def _strikes(history: History) -> int:
    return sum(event.kind is EventKind.STRIKE for event in history.events)


def test_another_rule_that_breaks_on_the_way_does_not_count(one_try: Runner) -> None:
    one_try.rules = (never_struck_once, never_struck_twice)
    twice = Schedule.parse("fault cantopen at run connect x2; act read at run connect")
    assert _strikes(one_try.run(twice).history) == 2
    assert (
        str(shrink(one_try, twice).schedule)
        == "pipeline succeeds; fault cantopen at run connect x2"
    )


# --- nearby ---------------------------------------------------------------------------------------


@pytest.fixture
def jobs() -> Iterator[Runner]:
    with Simulation(target_named(f"{PLANTED}:Jobs")) as simulation:
        yield Runner(simulation)


@pytest.mark.parametrize(
    "schedule",
    [
        SMALLEST,
        # Another kind at another point: lowering one alone gives a schedule that passes.
        "pipeline succeeds; fault full at run commit #3",
        "pipeline succeeds; fault busy at run execute UPDATE jobs; act close at run commit",
        "pipeline notices-cancel; fault busy at run execute UPDATE jobs; journal wal",
    ],
)
def test_whatever_it_began_with_the_same_one_comes_out(jobs: Runner, schedule: str) -> None:
    shrunk = shrink(jobs, Schedule.parse(schedule), RULES, nearby=True)
    assert str(shrunk.schedule) == SMALLEST


def test_few_elements_are_left_where_they_are(jobs: Runner) -> None:
    full = "pipeline succeeds; fault full at run commit #3"
    assert str(shrink(jobs, Schedule.parse(f"{full}; journal wal"), RULES).schedule) == full


def test_only_the_same_rule_counts(jobs: Runner) -> None:
    schedule = Schedule.parse(SMALLEST)
    with pytest.raises(NothingToMinimiseError, match="nothing-leaks holds"):
        shrink(jobs, schedule, {"nothing-leaks"}, nearby=True)


def test_it_gives_up_in_time(jobs: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_RUNS", 1)
    schedule = Schedule.parse("pipeline succeeds; fault full at run commit #3")
    assert shrink(jobs, schedule, RULES, nearby=True).schedule == schedule
