"""An ending of the work is a schedule of its own where the work comes to ask for it, only there."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from itertools import permutations

import pytest

from planted import Jobs, OneThread
from runfaults.explore.endings import Endings
from runfaults.explore.job import AT_ONCE, TAKING_TIME, Allowance, Scope
from runfaults.explore.runner import Runner
from runfaults.explore.search import Search
from runfaults.explore.strategy import Strategy
from runfaults.explore.sweep import Sweep
from runfaults.explore.trial import Trial
from runfaults.model import Ending, Schedule
from runfaults.sim.execution import Execution
from runfaults.sim.simulation import Simulation
from runfaults.targets import target_named
from small_checks import SOUND, run_whole

EVERY = tuple(Ending)
SCHEDULES = [
    "pipeline succeeds",
    "pipeline succeeds; fault busy at user commit",
    "pipeline succeeds; fault full at run commit #2",
    "pipeline succeeds; fault busy at run execute INSERT runfaults_work #2 until lifted",
    "pipeline succeeds; fault closed at run execute INSERT runfaults_work",
    "pipeline succeeds; act cancel at run reach pipeline",
    "pipeline succeeds; act cancel at run reach pipeline-end",
    "pipeline succeeds; act close at run reach pipeline",
]


@pytest.fixture
def simulation() -> Iterator[Simulation]:
    with Simulation(target_named(SOUND)) as entered:
        yield entered


def told(execution: Execution) -> list[str]:
    return [str(event) for event in execution.history.events]


def test_two_endings_are_one_schedule_until_they_depart(simulation: Simulation) -> None:
    for schedule in map(Schedule.parse, SCHEDULES):
        with_each = {
            ending: simulation.play(replace(schedule, pipeline=ending), survey=("busy",))
            for ending in EVERY
        }
        for one, other in permutations(EVERY, 2):
            assert_one_until_they_depart(with_each[one], with_each[other], other)


def assert_one_until_they_depart(execution: Execution, there: Execution, other: Ending) -> None:
    departed = {each.ending: each for each in execution.departures}.get(other)
    if departed is None:
        assert told(execution) == told(there)
        assert [each.point for each in execution.steps] == [each.point for each in there.steps]
    else:
        _, step, event = departed
        assert told(execution)[:event] == told(there)[:event]
        assert execution.steps[:step] == there.steps[:step]


def test_an_ending_that_is_asked_for_departs_where_it_is(simulation: Simulation) -> None:
    execution = simulation.play(Schedule())
    departed = {
        each.ending: execution.history.events[each.event - 1] for each in execution.departures
    }
    assert set(departed) == set(EVERY) - {
        Ending.SUCCEEDS,
        Ending.RAISES_WHEN_CLOSED,  # the manager gives the work no client
        Ending.RETURNS_WHEN_CLOSED,
    }
    assert departed[Ending.RAISES].number < departed[Ending.LEAVES_TRANSACTION_OPEN].number


class _Looking(OneThread):
    """Looks into the database each time that its work asks whether it was cancelled."""

    def _run(self) -> None:
        def is_cancelled() -> bool:
            with contextlib.closing(sqlite3.connect(self._database)) as connection:
                connection.execute("SELECT status FROM jobs").fetchall()
            return self._cancelled.is_set()

        with contextlib.closing(sqlite3.connect(self._database)) as connection:
            self._work(connection, 1, is_cancelled)
            self._record(connection, "completed")


class AsksTheDatabase(Jobs):
    manager = _Looking


class Recording(Runner):
    """Keeps what was told of each schedule."""

    def __init__(self, simulation: Simulation) -> None:
        super().__init__(simulation)
        self.histories: list[str] = []
        self.each_actor: set[str] = set()

    def judge(self, execution: Execution) -> Trial:
        events = execution.history.events
        self.histories.append("\n".join(told(execution)))
        by_actor = sorted((e.actor, n, e.kind, e.subject, e.value) for n, e in enumerate(events))
        self.each_actor.add(str([(actor, *rest) for actor, _, *rest in by_actor]))
        return super().judge(execution)


def of(ending: Ending, strategy: Strategy) -> Strategy:
    """The strategy with that ending alone."""
    return replace(strategy, scope=replace(strategy.scope, endings=(ending,)))


APART = {
    "one fault": Sweep(Scope(("full",), (), (1, None), AT_ONCE)),
    "one act": Sweep(Scope((), ("close",), endings=AT_ONCE[::2])),
    "one cancel, unreduced": Search(
        Scope(acts=("cancel",), endings=AT_ONCE[:3]), Allowance(0, 1, 0)
    ),
    "fault and cancel": Search(
        Scope(("busy",), ("cancel",), endings=AT_ONCE[1:3]), Allowance(1, 1, 0), reduce=True
    ),
    "time": Search(Scope(acts=("cancel",), endings=TAKING_TIME), Allowance(0, 1, 0), reduce=True),
}


AT_LENGTH = {
    "two faults and counts": Sweep(Scope(("busy", "full"), (), (1, 2, None), AT_ONCE)),
    "two acts": Sweep(Scope((), ("cancel", "close"), endings=AT_ONCE)),
    "one cancel, all endings": Search(Scope(acts=("cancel",), endings=AT_ONCE), Allowance(0, 1, 0)),
    "fault and cancel, three endings": Search(
        Scope(("busy",), ("cancel",), endings=AT_ONCE[:3]), Allowance(1, 1, 0), reduce=True
    ),
}


@pytest.mark.parametrize(
    "strategy",
    [
        *(pytest.param(each, id=name) for name, each in APART.items()),
        *(
            pytest.param(each, id=name, marks=pytest.mark.nightly)
            for name, each in AT_LENGTH.items()
        ),
    ],
)
def test_endings_together_show_what_each_of_them_shows_alone(
    simulation: Simulation, strategy: Strategy
) -> None:
    together, apart = Recording(simulation), Recording(simulation)
    found = run_whole(together, strategy)
    for ending in strategy.scope.endings:
        run_whole(apart, of(ending, strategy))
    assert together.each_actor == apart.each_actor
    assert len(together.histories) < len(apart.histories)
    assert found.pruned > 0
    assert not found.doubts


def test_a_question_that_others_notice_is_a_departure() -> None:
    """Work that asks whether it was cancelled, and a manager that looks into the database then."""
    noticed = Schedule(pipeline=Ending.NOTICES_CANCEL)
    order = Endings((Ending.SUCCEEDS, Ending.NOTICES_CANCEL))
    with Simulation(target_named(SOUND)) as silent:
        assert order.alike(silent.play(noticed)) == [Ending.SUCCEEDS]
    with Simulation(AsksTheDatabase()) as looking:
        assert order.alike(looking.play(noticed)) == []
