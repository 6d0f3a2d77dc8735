from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from runfaults.campaign.bounds import bound_named
from runfaults.explore.findings import Findings
from runfaults.explore.job import ALL_COUNTS, Allowance, Chosen, Job, Scope
from runfaults.explore.runner import Runner
from runfaults.explore.search import Search
from runfaults.explore.strategy import Strategy
from runfaults.explore.sweep import Sweep
from runfaults.explore.trial import Trial
from runfaults.model import CheckResult, Fault, FaultPoint, Schedule
from runfaults.sim.execution import Execution
from runfaults.sim.simulation import Simulation
from runfaults.targets import target_named
from small_checks import BROKEN, SOUND, checked, run_whole

SMALL = Sweep(Scope(kinds=("busy", "full"), acts=("cancel",), counts=(1, 2, None)))
PAIRS = Search(Scope(acts=("cancel",)), Allowance(1, 1, 0), reduce=True)
FEW = Sweep(Scope(acts=("cancel",)))


@pytest.fixture
def simulation() -> Iterator[Simulation]:
    with Simulation(target_named(SOUND)) as entered:
        yield entered


def test_every_kind_at_every_point_is_run_or_has_a_reason(simulation: Simulation) -> None:
    findings = run_whole(Runner(simulation), SMALL)
    run = {(point, kind) for point, kind, _ in findings.cells}
    refused = {cell for cell, reason in findings.impossible.items() if reason}
    kinds = SMALL.scope.kinds
    execution = simulation.play(Schedule(), survey=kinds)
    reached = {(str(each.point), kind) for each in execution.survey for kind in kinds}
    assert reached <= run | refused
    database = {str(s.point) for s in execution.steps if s.point.operation.touches_database}
    assert database == {str(each.point) for each in execution.survey}
    assert not findings.problems


def test_a_fault_that_cannot_strike_again_is_pruned(simulation: Simulation) -> None:
    """The work's error ends the work: its connection is closed, and nothing is left to strike."""
    base = Schedule(faults=(Fault("closed", FaultPoint.parse("run rollback #3")),))
    sweep = Sweep(Scope(kinds=("closed",), acts=(), counts=ALL_COUNTS))
    findings = Findings()
    sweep.run(Runner(simulation), Job(base), findings)
    assert findings.verdicts.total() + findings.pruned == len(ALL_COUNTS)
    assert findings.pruned > 0
    last = findings.verdicts.total()
    longer = [base.faults[0]._replace(times=count) for count in ALL_COUNTS[last - 1 :]]
    same = {simulation.play(replace(base, faults=(each,))).history.events for each in longer}
    assert len(same) == 1


def test_a_count_is_pruned_only_where_it_makes_no_difference(simulation: Simulation) -> None:
    """The manager tries until it succeeds: each further strike is another history."""
    base = Schedule(faults=(Fault("busy", FaultPoint.parse("run execute BEGIN IMMEDIATE #2")),))
    findings = Findings()
    Sweep(Scope(acts=(), counts=ALL_COUNTS)).run(Runner(simulation), Job(base), findings)
    assert findings.pruned == 0
    assert findings.verdicts.total() == len(ALL_COUNTS)


@pytest.mark.parametrize("strategy", [SMALL, PAIRS], ids=["sweep", "search"])
def test_no_schedule_is_run_twice(simulation: Simulation, strategy: Strategy) -> None:
    ran: list[str] = []

    class Spying(Runner):
        def judge(self, execution: Execution) -> Trial:
            ran.append(str(execution.history.schedule))
            return super().judge(execution)

    assert not run_whole(Spying(simulation), strategy).problems
    assert len(ran) > 60
    assert len(ran) == len(set(ran))


def strip(result: CheckResult) -> tuple[object, ...]:
    witnesses = [
        (v.scenario, v.history.text(), v.judgements, v.neighbour and v.neighbour.text())
        for v in result.violations
    ]
    cells = sorted(result.coverage)
    return result.schedules, result.pruned, dict(result.rules), cells, witnesses, result.notes


def test_one_process_and_two_find_the_same() -> None:
    alone = checked(BROKEN, FEW)
    together = checked(BROKEN, FEW, processes=2)
    assert alone.violations
    assert strip(alone) == strip(together)


def test_an_unknown_bound_names_those_there_are() -> None:
    with pytest.raises(
        LookupError, match="bounds are: quick, default, lines, single, nightly, real, c"
    ):
        bound_named("endless")


def test_three_numbers_are_a_bound() -> None:
    bound = bound_named("2,1,0").limited_to(Chosen(("full",), ("cancel",))).seeded(7)
    assert bound.describe() == (
        "all schedules with <= 2 faults (full), <= 1 act (cancel), no preemption; "
        "pipeline succeeds; journal target; orders that commute once\n"
        "all schedules with no fault, <= 1 act (cancel), no preemption; pipeline takes-an-hour, "
        "raises-when-closed, returns-when-closed; journal target; orders that commute once\n"
        "all schedules with no fault, <= 1 act (cancel), no preemption; pipeline succeeds, raises; "
        "journal target\n"
        "no more runs in one life; pipeline succeeds; journal target\n"
        "no task of an event loop; pipeline succeeds, raises; journal target\n"
        "the first life of a process, compared with later ones: full, cancel at each point, once; "
        "pipeline succeeds; journal target"
    )
    search, *_ = bound.strategies
    assert [schedule.seed for schedule in search.scope.bases()] == [7]


def test_a_check_that_had_enough_says_what_it_did_not_reach() -> None:
    result = checked(SOUND, SMALL, should_stop=lambda: True)
    assert not result.finished
    assert result.not_reached
