"""The corrected manager with the reference pipeline, on this repository's own documents."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from runfaults.explore.findings import Findings
from runfaults.explore.job import Scope
from runfaults.explore.runner import Runner
from runfaults.explore.sweep import Sweep
from runfaults.model import EventKind, Schedule, Verdict
from runfaults.oracle.judge import judge
from runfaults.sim.simulation import Simulation
from runfaults.targets import target_named


@pytest.fixture(scope="module")
def simulation() -> Iterator[Simulation]:
    with Simulation(target_named("genglossary-reference")) as entered:
        yield entered


def test_the_pipeline_really_uses_the_database(simulation: Simulation) -> None:
    history = simulation.play(Schedule()).history
    written = {
        event.subject.partition(" #")[0]
        for event in history.events
        if event.kind is EventKind.INVOKE and "INSERT" in event.subject
    }
    assert {
        "run execute INSERT documents",
        "run execute INSERT terms",
        "run execute INSERT definitions",
    } <= written
    assert all(each.verdict is Verdict.HOLDS for each in judge(history))


def test_a_fault_in_the_pipeline_is_a_failure_with_a_cause(simulation: Simulation) -> None:
    history = simulation.play(
        Schedule.parse("fault full at run execute INSERT definitions")
    ).history
    endings = [event.subject for event in history.events if event.kind is EventKind.PIPELINE]
    assert endings == ["started", "raised"]
    assert [e.value for e in history.events if e.kind is EventKind.STATUS][-1] == "failed"
    assert all(each.verdict is Verdict.HOLDS for each in judge(history))


def test_locks_and_cancels_at_some_points_hold(simulation: Simulation) -> None:
    runner, findings = Runner(simulation), Findings()
    sweep = Sweep(Scope(acts=()))
    jobs = [job for job in sweep.jobs(runner) if job.base.faults]
    assert len(jobs) > 10
    for job in jobs[::5]:
        sweep.run(runner, job, findings)
    assert findings.verdicts == {Verdict.HOLDS: len(jobs[::5])}
    assert not findings.problems
