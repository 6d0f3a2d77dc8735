"""Each recipe is a target as it is: it holds without a fault, and has its acts and its time."""

from __future__ import annotations

import importlib
from typing import Any

import pytest

from runfaults.explore.probe import probe
from runfaults.model import EventKind, Schedule, Verdict
from runfaults.oracle.judge import judge
from runfaults.sim.execution import Execution
from runfaults.sim.simulation import Simulation
from runfaults.targets import Adapter

RECIPES = {
    "workers": "Workers",
    "periodic": "Periodic",
    "retries": "Retries",
    "timeout": "Timeout",
    "at_least_once": "AtLeastOnce",
    "orm": "Orm",
    "connection_thread": "ConnectionThread",
}
SCHEDULES = (
    "pipeline succeeds",
    "pipeline raises",
    "pipeline takes-an-hour",
    "pipeline succeeds; act again",
    "pipeline raises; act start",
)


def made(module: str) -> Adapter:
    if module == "orm":
        pytest.importorskip("sqlalchemy", reason="needs the extra celery")
    return getattr(importlib.import_module(module), RECIPES[module])()


def shown(execution: Execution) -> list[str]:
    told = [event for event in execution.history.events if event.kind is EventKind.STATUS]
    return [event.value for event in told if event.run == told[0].run]


@pytest.mark.parametrize("module", RECIPES)
def test_it_holds_without_a_fault(module: str) -> None:
    target = made(module)
    with Simulation(target) as simulation:
        probe(simulation)
        played = [simulation.play(Schedule.parse(text)) for text in SCHEDULES]
    for execution in played:
        judged = {each.rule: each for each in judge(execution.history)}
        assert {r for r, j in judged.items() if j.verdict is not Verdict.HOLDS} <= {*target.exempt}
        assert not execution.unreached
    assert shown(played[0])[-1] in target.vocabulary.completed
    assert shown(played[1])[-1] in target.vocabulary.failed


@pytest.mark.parametrize(
    ("module", "fault"),
    [
        ("workers", "busy at run execute UPDATE jobs #2"),
        ("retries", "ioerr-write at run commit #4"),
        ("timeout", "busy at run execute UPDATE jobs"),
    ],
)
def test_what_is_naive_in_it_is_found(module: str, fault: str) -> None:
    with Simulation(made(module)) as simulation:
        execution = simulation.play(Schedule.parse(f"pipeline succeeds; fault {fault}"))
    assert Verdict.BROKEN in {each.verdict for each in judge(execution.history)}


def test_an_attempt_that_is_followed_by_another_is_no_failure() -> None:
    with Simulation(made("retries")) as simulation:
        execution = simulation.play(Schedule.parse("pipeline raises"))
    tries = ["running", "to be retried"]
    assert shown(execution) == [*tries, *tries, "running", "error"]


@pytest.mark.parametrize("drains", [True, False])
@pytest.mark.parametrize("acts", ["act close", "act start; act close"])
def test_what_waits_for_the_next_process_is_no_fault(acts: str, *, drains: bool) -> None:
    target: Any = made("periodic")
    target.drains = drains
    with Simulation(target) as simulation:
        execution = simulation.play(Schedule.parse(f"pipeline succeeds; {acts}"))
    broken = {j.rule for j in judge(execution.history) if j.verdict is Verdict.BROKEN}
    assert ("eventually-terminal" in broken - {*target.exempt}) is not drains


def test_what_is_due_in_an_hour_comes_in_an_hour() -> None:
    with Simulation(made("periodic")) as simulation:
        execution = simulation.play(Schedule())
    begun = next(e.time for e in execution.history.events if e.kind is EventKind.PIPELINE)
    assert begun >= 3600
