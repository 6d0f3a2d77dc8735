"""What could have gone the other way round is found, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from runfaults.explore.races import reversals
from runfaults.model import Schedule
from runfaults.sim.simulation import Simulation
from runfaults.targets import target_named


@pytest.fixture(scope="module")
def simulation() -> Iterator[Simulation]:
    with Simulation(target_named("genglossary")) as entered:
        yield entered


def reversed_by(simulation: Simulation, schedule: str) -> set[str]:
    """Where whose going first reverses a race, as text."""
    execution = simulation.play(Schedule.parse(schedule))
    found = reversals(execution)
    return {f"{execution.steps[n].point}: {actor}" for n in found for actor in found[n]}


def test_a_cancel_races_with_the_look_at_it(simulation: Simulation) -> None:
    late = reversed_by(simulation, "pipeline succeeds; act cancel at run reach pipeline")
    looks = {each for each in late if each.startswith("run acquire _cancel_events_lock")}
    assert [each.rpartition(": ")[2] for each in looks] == ["cancel"]


def test_where_it_has_gone_the_other_way_round_already_the_other_one_is_named(
    simulation: Simulation,
) -> None:
    early = reversed_by(simulation, "pipeline succeeds; act cancel at run reach begin")
    assert any(each.startswith("cancel ") and each.endswith(": run") for each in early)


def test_a_write_of_the_api_races_with_the_write_before_it(simulation: Simulation) -> None:
    last = reversed_by(simulation, "pipeline succeeds; act cancel-api at run commit #4")
    assert "run execute BEGIN IMMEDIATE #2: cancel-api" in last


def test_what_a_transaction_writes_before_its_end_races_with_nothing(
    simulation: Simulation,
) -> None:
    last = reversed_by(simulation, "pipeline succeeds; act cancel-api at run commit #4")
    assert not any("UPDATE runs #2:" in each or "INSERT" in each for each in last)


def test_a_write_races_with_the_look_before_it(simulation: Simulation) -> None:
    looked = reversed_by(simulation, "pipeline succeeds; act read at run execute UPDATE runs #2")
    assert "read execute SELECT runs: run" in looked


def test_a_write_of_another_manager_races_with_the_write_before_it(simulation: Simulation) -> None:
    last = reversed_by(simulation, "pipeline succeeds; act start-elsewhere at user reach settled")
    assert "run commit #4: start-elsewhere" in last


def test_a_write_that_a_lock_has_ordered_already_does_not_race(simulation: Simulation) -> None:
    """The lock is what can go the other way round: the route asks the manager before it writes.

    And the end of the run, of which the answer tells.
    """
    last = reversed_by(simulation, "pipeline succeeds; act cancel-api at user reach settled")
    assert {each for each in last if each.endswith(": cancel-api")} == {
        "run acquire _cancel_events_lock #6: cancel-api",
        "run commit #4: cancel-api",
    }


def test_what_touches_nothing_in_common_does_not_race(simulation: Simulation) -> None:
    plain = reversed_by(simulation, "pipeline succeeds; act cancel at user reach settled")
    writes = {each for each in plain if each.startswith(("run execute", "run commit"))}
    assert writes == {"run commit #4: cancel"}, "its answer tells whether the run had ended"


def test_what_had_to_come_first_does_not_race(simulation: Simulation) -> None:
    nobody = reversed_by(simulation, "pipeline succeeds")
    begun = {each for each in nobody if each.startswith("user execute")}
    assert begun == set(), "there was no other thread before the run had its row"
