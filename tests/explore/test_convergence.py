"""Orders that commute come to one state; orders that do not stay apart."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from runfaults.explore.convergence import Visited, states
from runfaults.explore.job import Allowance
from runfaults.model import Schedule
from runfaults.sim.simulation import Simulation
from runfaults.targets import target_named


@pytest.fixture(scope="module")
def simulation() -> Iterator[Simulation]:
    with Simulation(target_named("genglossary")) as entered:
        yield entered


def last_state(simulation: Simulation, schedule: str) -> int:
    return list(states(simulation.play(Schedule.parse(schedule))))[-1]


EARLIER = "pipeline succeeds; act cancel at run commit #2"
LATER = "pipeline succeeds; act cancel at run commit #3"
BEFORE_THE_PIPELINE = "pipeline succeeds; act cancel at run reach begin"


def test_a_cancel_that_nobody_looks_for_meanwhile_comes_to_the_same(simulation: Simulation) -> None:
    assert last_state(simulation, EARLIER) == last_state(simulation, LATER)


def test_a_cancel_before_the_run_looks_for_it_does_not(simulation: Simulation) -> None:
    assert last_state(simulation, BEFORE_THE_PIPELINE) != last_state(simulation, EARLIER)


def test_a_fault_does_not_come_to_the_same_as_none(simulation: Simulation) -> None:
    struck = "pipeline succeeds; fault busy at run execute UPDATE runs #2"
    assert last_state(simulation, struck) != last_state(simulation, "pipeline succeeds")


def test_what_another_kind_left_is_another_state(simulation: Simulation) -> None:
    """Both raise at the same point, and the code goes the same way after either."""
    point = "run commit"
    seen = [
        list(states(simulation.play(Schedule.parse(f"fault {kind} at {point}"))))
        for kind in ("full", "lost-acknowledgement")
    ]
    begun = next(n for n, (one, other) in enumerate(zip(*seen, strict=False)) if one != other)
    assert begun > 0
    assert not set(seen[0][begun:]) & set(seen[1][begun:])


def test_nor_does_a_misfortune_where_no_thread_is_switched(simulation: Simulation) -> None:
    """The manager passes over what the close raises, and does the same from there on."""
    struck = "pipeline succeeds; fault close-raises at run call client.close"
    assert last_state(simulation, struck) != last_state(simulation, "pipeline succeeds")


def test_a_state_with_as_much_room_is_visited_once(simulation: Simulation) -> None:
    earlier, later = (simulation.play(Schedule.parse(text)) for text in (EARLIER, LATER))
    end = len(later.steps)
    visited = Visited()
    assert visited.visit(earlier, 0, end, Allowance(1, 0, 1)) == end
    met = visited.visit(later, 0, end, Allowance(1, 0, 0))
    assert met == 0, "both begin in the same state, which has been visited with more room"
    assert visited.visit(later, 0, end, Allowance(2, 0, 0)) == end, "but not with so many faults"


def test_schedules_that_meet_again_are_apart_until_then(simulation: Simulation) -> None:
    earlier, later = (simulation.play(Schedule.parse(text)) for text in (EARLIER, LATER))
    visited = Visited()
    begin = next(n for n, step in enumerate(earlier.steps) if step.point.actor == "cancel")
    visited.visit(earlier, begin, len(earlier.steps), Allowance(1, 0, 0))
    met = visited.visit(later, begin, len(later.steps), Allowance(1, 0, 0))
    assert begin < met < len(later.steps)
    assert later.steps[met - 1].point.actor == "cancel"
