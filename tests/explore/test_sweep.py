from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from small_checks import BROKEN, SOUND, Silence

from runfaults.explore import sweep
from runfaults.explore.bound import Bound, bound_named
from runfaults.explore.check import check
from runfaults.explore.findings import Findings
from runfaults.explore.sweep import run_shard, shards
from runfaults.model import (
    CheckResult,
    Ending,
    Fault,
    FaultPoint,
    History,
    Judgement,
    Schedule,
)
from runfaults.oracle.judge import judge
from runfaults.sim.simulation import Simulation
from runfaults.targets import target_named

SMALL = Bound(
    "small",
    endings=(Ending.SUCCEEDS,),
    journals=("delete",),
    kinds=("busy", "full"),
    counts=(1, 2, None),
    cancels=("cancel",),
    cancelled_counts=(),
)


@pytest.fixture
def simulation() -> Iterator[Simulation]:
    with Simulation(target_named(SOUND)) as entered:
        yield entered


def swept(simulation: Simulation, bound: Bound) -> Findings:
    findings = Findings()
    for shard in shards(simulation, bound):
        findings.merge(run_shard(simulation, shard, bound))
    return findings


def test_every_kind_at_every_point_is_run_or_has_a_reason(simulation: Simulation) -> None:
    findings = swept(simulation, SMALL)
    run = {(point, kind) for point, kind, _ in findings.cells}
    refused = {cell for cell, reason in findings.impossible.items() if reason}
    execution, survey = simulation.survey(Schedule(), SMALL.kinds)
    reached = {(str(each.point), kind) for each in survey for kind in SMALL.kinds}
    assert reached <= run | refused
    database = {str(s.point) for s in execution.steps if s.point.operation.touches_database}
    assert database == {str(each.point) for each in survey}
    assert not findings.problems


def test_a_fault_that_cannot_strike_again_is_pruned(simulation: Simulation) -> None:
    """The work's error ends the work: its connection is closed, and nothing is left to strike."""
    base = Schedule(faults=(Fault("closed", FaultPoint.parse("run rollback #3")),))
    bound = replace(SMALL, counts=(1, 2, 3, 4, 6, None), cancels=())
    findings = run_shard(simulation, base, bound)
    assert findings.verdicts.total() + findings.pruned == len(bound.counts)
    assert findings.pruned > 0
    last = findings.verdicts.total()
    same = {
        simulation.run(replace(base, faults=(base.faults[0]._replace(times=count),))).history.events
        for count in bound.counts[last - 1 :]
    }
    assert len(same) == 1


def test_no_schedule_is_run_twice(simulation: Simulation, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault and a cancel belong to the shard of whichever comes first."""
    ran: list[str] = []

    def spied(history: History) -> tuple[Judgement, ...]:
        ran.append(str(history.schedule))
        return judge(history)

    monkeypatch.setattr(sweep, "judge", spied)
    bound = replace(SMALL, kinds=("busy",), counts=(1,), cancelled_counts=(1,))
    for shard in shards(simulation, bound):
        assert not run_shard(simulation, shard, bound).problems
    assert len(ran) > 100
    assert len(ran) == len(set(ran))


def strip(result: CheckResult) -> tuple[object, ...]:
    witnesses = [
        (v.scenario, v.history.text(), v.judgements, v.neighbour and v.neighbour.text())
        for v in result.violations
    ]
    cells = sorted(result.coverage)
    return result.schedules, result.pruned, dict(result.rules), cells, witnesses, result.notes


def test_one_process_and_two_find_the_same() -> None:
    bound = replace(SMALL, kinds=("busy",), counts=(1,))
    alone = check(BROKEN, bound, Silence(), jobs=1)
    together = check(BROKEN, bound, Silence(), jobs=2)
    assert alone.violations
    assert strip(alone) == strip(together)


def test_an_unknown_bound_names_those_there_are() -> None:
    with pytest.raises(LookupError, match="bounds are: quick, default, single, nightly, deep"):
        bound_named("endless")


def test_three_numbers_are_a_bound() -> None:
    bound = bound_named("2,1,0").limited_to(("full",), ("cancel",)).seeded(7)
    assert bound.describe() == (
        "all schedules with <= 2 faults (full), <= 1 act (cancel), no preemption; "
        "pipeline succeeds; journal delete; orders that commute once"
    )
    (search,) = bound.searches
    assert [schedule.seed for schedule in search.bases()] == [7]


def test_a_check_that_had_enough_says_what_it_did_not_reach() -> None:
    result = check(SOUND, SMALL, Silence(), jobs=1, enough=lambda: True)
    assert not result.finished
    assert result.not_reached
