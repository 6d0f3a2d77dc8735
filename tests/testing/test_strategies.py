from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument

from runfaults.explore.trial import NotPlayableError
from runfaults.model import Ending, Journal, Schedule
from runfaults.scenario.file import load_scenario
from runfaults.strategies import (
    LOCK_ERRORS,
    DoesNotHoldError,
    acts_after,
    bench_for,
    faults_after,
    preemptions_after,
    schedules,
    steer,
)
from runfaults.testing.bench import leave_simulation

JOBS = f"{Path(__file__).parents[1] / 'planted.py'}:Jobs"
PIPELINES = (Ending.SUCCEEDS, Ending.RAISES)
ONE: dict[str, Any] = {"times": (1, 2), "journals": ("delete",), "pipelines": (Ending.SUCCEEDS,)}
SHRINKS = settings(
    max_examples=500,
    deadline=None,
    database=None,
    phases=[Phase.generate, Phase.shrink],
    suppress_health_check=[HealthCheck.too_slow],
)


@pytest.fixture(autouse=True)
def leave() -> Iterator[None]:
    yield
    leave_simulation()


@given(
    schedules(
        faults=2,
        cancels=2,
        preemptions=2,
        actors=("read", "start", "close", "cancel-unknown"),
    )
)
def test_everything_that_is_drawn_happens(schedule: Schedule) -> None:
    execution = bench_for("genglossary").run(schedule).execution
    assert execution.unreached == ()
    assert execution.refused == ()
    assert 0 not in execution.struck


@given(
    schedules(
        JOBS,
        faults=2,
        cancels=0,
        preemptions=0,
        kinds=("full",),
        times=(2,),
        actors=("read", "close"),
        journals=(Journal.WAL,),
        pipelines=(Ending.RAISES,),
    )
)
def test_the_limits_are_kept(schedule: Schedule) -> None:
    assert (schedule.pipeline, schedule.journal, schedule.preemptions) == (
        Ending.RAISES,
        "wal",
        (),
    )
    assert {(fault.kind, fault.times) for fault in schedule.faults} <= {("full", 2)}
    assert len(schedule.faults) <= 2
    assert sorted({act.kind for act in schedule.acts}) == sorted(act.kind for act in schedule.acts)
    assert {act.kind for act in schedule.acts} <= {"read", "close"}


def test_every_sort_of_element_is_drawn() -> None:
    drawn: list[Schedule] = []

    @settings(SHRINKS, max_examples=100, derandomize=True)
    @given(schedules(JOBS, actors=("close",), kinds=LOCK_ERRORS, pipelines=PIPELINES))
    def collect(schedule: Schedule) -> None:
        drawn.append(schedule)

    collect()
    assert any(schedule.faults for schedule in drawn)
    assert any(schedule.preemptions for schedule in drawn)
    kinds = {act.kind for schedule in drawn for act in schedule.acts}
    assert kinds == {"cancel", "close"}
    assert {schedule.pipeline for schedule in drawn} == set(PIPELINES)
    assert {schedule.journal for schedule in drawn} == {"delete", "wal"}
    assert any(schedule.size == 4 for schedule in drawn)


@given(st.data())
def test_the_parts_continue_any_schedule(data: st.DataObject) -> None:
    schedule = data.draw(schedules(JOBS, faults=1, cancels=0, preemptions=0, kinds=LOCK_ERRORS))
    fault = data.draw(faults_after(JOBS, schedule, ("busy",), (1,)))
    longer = Schedule(schedule.pipeline, (*schedule.faults, fault), journal=schedule.journal)
    assert bench_for(JOBS).run(longer).execution.struck[-1] == 1


def test_where_nothing_can_be_added_a_part_is_empty() -> None:
    never_born = Schedule.parse("pipeline succeeds; fault busy at user execute INSERT jobs")
    assert acts_after(JOBS, never_born).is_empty
    assert faults_after(JOBS, Schedule(), ()).is_empty
    assert not acts_after(JOBS, Schedule()).is_empty
    assert not preemptions_after(JOBS, Schedule()).is_empty


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"kinds": ("bizzy",)}, "no fault kind 'bizzy'"),
        ({"actors": ("nap",)}, "no act 'nap'"),
    ],
)
def test_what_does_not_exist_is_named(options: dict[str, tuple[str, ...]], why: str) -> None:
    @settings(SHRINKS, max_examples=1)
    @given(schedules(JOBS, **options))  # type: ignore[arg-type]  # one option at a time
    def draw_one(schedule: Schedule) -> None:
        raise AssertionError(f"{schedule} was drawn")

    with pytest.raises((ValueError, LookupError, InvalidArgument), match=why):
        draw_one()


def minimal(number: int, strategy: st.SearchStrategy[Schedule], *rules: str) -> str:
    """What Hypothesis shrinks to from a seed."""

    @seed(number)
    @SHRINKS
    @given(strategy)
    def no_run_is_misjudged(schedule: Schedule) -> None:
        bench_for(JOBS).run(schedule).assert_holds(*rules)

    with pytest.raises(DoesNotHoldError) as failure:
        no_run_is_misjudged()
    return str(failure.value.scenario.schedule)


@pytest.mark.parametrize(
    "number",
    [*range(2), *(pytest.param(number, marks=pytest.mark.nightly) for number in range(2, 20))],
)
def test_a_false_property_shrinks_to_the_same_scenario_from_any_seed(number: int) -> None:
    strategy = schedules(JOBS, faults=2, preemptions=0, kinds=("busy", "full"), **ONE)
    smallest = minimal(number, strategy, "succeeded-never-failed")
    assert smallest == "pipeline succeeds; fault busy at run execute UPDATE jobs"


def test_a_failure_tells_the_story_and_can_be_pasted() -> None:
    schedule = Schedule.parse("pipeline succeeds; fault busy at run execute UPDATE jobs")
    with pytest.raises(DoesNotHoldError) as failure:
        bench_for(JOBS).run(schedule).assert_holds()
    message = str(failure.value)
    assert message.startswith("succeeded-never-failed is broken: ")
    assert "database is locked" in message
    assert "are broken: succeeded-never-failed" in message
    assert f"schedule: {schedule}" in message


def test_a_saved_scenario_stands_beside_others_of_its_name(tmp_path: Path) -> None:
    schedule = Schedule.parse("pipeline succeeds; fault busy at run execute UPDATE jobs")
    with pytest.raises(DoesNotHoldError) as caught:
        bench_for(JOBS).run(schedule).assert_holds("succeeded-never-failed")
    other = tmp_path / "Jobs-succeeded-never-failed.toml"
    other.write_text("of somebody else")
    path, again = caught.value.save(tmp_path), caught.value.save(tmp_path)
    assert path == again == tmp_path / "Jobs-succeeded-never-failed-2.toml"
    assert load_scenario(path).schedule == schedule
    assert other.read_text() == "of somebody else"


def test_steering_prefers_what_is_long_and_late() -> None:
    @settings(SHRINKS, max_examples=5, phases=[Phase.generate, Phase.target])
    @given(st.just(Schedule.parse("pipeline succeeds; act cancel at run reach pipeline")))
    def steered(schedule: Schedule) -> None:
        steer(bench_for("genglossary").run(schedule))

    steered()


def test_a_schedule_that_cannot_happen_does_not_pass() -> None:
    with pytest.raises(NotPlayableError, match="never reached"):
        bench_for(JOBS).run(Schedule.parse("pipeline succeeds; act cancel at run commit #9"))
