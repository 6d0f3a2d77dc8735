"""A failing schedule loses everything that the failure does not need."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from small_checks import BROKEN

from runfaults.explore.minimise import NothingToMinimiseError, candidates, minimise
from runfaults.explore.replay import NotPlayableError
from runfaults.model import Schedule, Verdict
from runfaults.sim.simulation import Simulation
from runfaults.targets import target_named

MINIMAL = "pipeline succeeds; fault busy at run commit #4"


@pytest.fixture(scope="module")
def one_try() -> Iterator[Simulation]:
    with Simulation(target_named(BROKEN)) as simulation:
        yield simulation


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
def test_shrinks_to_the_same_minimum(one_try: Simulation, more: str) -> None:
    found = minimise(one_try, Schedule.parse(more))
    assert str(found.schedule) == MINIMAL
    assert [need.element for need in found.needs] == ["fault busy at run commit #4"]
    assert found.needs[0].without is Verdict.HOLDS


def test_what_holds_cannot_be_minimised(one_try: Simulation) -> None:
    with pytest.raises(NothingToMinimiseError, match="every rule holds"):
        minimise(one_try, Schedule())


def test_what_cannot_happen_cannot_be_minimised(one_try: Simulation) -> None:
    with pytest.raises(NotPlayableError, match="never reached: cancel at run commit #99"):
        minimise(one_try, Schedule.parse("act cancel at run commit #99"))


def test_every_candidate_differs_and_is_no_larger() -> None:
    schedule = Schedule.parse(
        "pipeline raises; fault full at run commit x3; act cancel-api; "
        "switch run commit to user; journal wal; seed 4"
    )
    found = list(candidates(schedule))
    assert schedule not in found
    assert len(set(found)) == len(found)
    assert all(each.size <= schedule.size for each in found)
