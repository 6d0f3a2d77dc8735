"""A second process shares the files and the kernel with the first one, and no memory."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from runfaults.campaign.campaign import Campaign
from runfaults.campaign.players import open_player
from runfaults.explore.findings import Findings
from runfaults.explore.job import Scope
from runfaults.explore.processes import Processes
from runfaults.model import Schedule, Verdict

ONE_AT_A_TIME = ("InMemory", "InDatabase", "Locked", "Waits", "Leases", "Exclusive")
PLANTED = {
    "InMemory": ("one-active-run", "process-starts"),
    "Recovers": ("orphan-is-interrupted-not-failed", "process-starts"),
    "Cancels": ("accepted-cancel-is-cancelled", "process-cancels"),
}
INNOCENT = (
    "InDatabase",
    "Locked",
    "Exclusive",
    "RecoversTheDead",
    "CancelsItsOwn",
    "RefusesOthers",
)
KEPT_OUT = {"Waits": "stands still", "Leases": "no end within 1 virtual second"}


@pytest.fixture
def process_jobs(here: Any) -> Any:
    shutil.copy(Path(__file__).with_name("process_jobs.py"), here.folder)
    return here


def target(jobs: str, more: str = "") -> str:
    exempt = {} if jobs in ONE_AT_A_TIME else {"one-active-run": "it runs several at a time"}
    return f"""
        import process_jobs

        class Target(process_jobs.ProcessJobs):
            jobs = process_jobs.{jobs}
            indexed = {jobs == "InDatabase"}
            exempt = {exempt}
            {more}
    """


def visited(place: Any, program: str) -> tuple[Findings, list[str]]:
    """What a second process at each point shows, and why some visits show nothing."""
    place.write("target.py", program)
    strategy = Processes(Scope(acts=("process-starts", "process-cancels")))
    campaign, found, in_vain = Campaign("target.py:Target", (strategy,)), Findings(), list[str]()
    with campaign.open_player() as player:
        offered = player.play(strategy.scope.bases()[0]).offered
        runner = campaign.of_target(offered, strategy.scope.journals[0]).runner(player)
        fitted = campaign.of_target(offered, strategy.scope.journals[0])
        for job in fitted.jobs(runner):
            fitted.strategies[0].run(runner, job, found)
        in_vain += found.in_vain
    assert found.problems == []
    return found, in_vain


@pytest.mark.parametrize("jobs", PLANTED)
def test_what_is_kept_in_memory_is_no_use_to_another_process(process_jobs: Any, jobs: str) -> None:
    rule, act = PLANTED[jobs]
    found, _ = visited(process_jobs, target(jobs))
    assert found.rules[rule, Verdict.BROKEN]
    smallest = found.witnesses[rule, Verdict.BROKEN].schedule
    assert [each.kind for each in smallest.acts] == [act]


@pytest.mark.parametrize("jobs", INNOCENT)
def test_what_the_database_or_the_kernel_holds_is(process_jobs: Any, jobs: str) -> None:
    found, _ = visited(process_jobs, target(jobs))
    assert found.verdicts[Verdict.HOLDS] > 10
    assert found.verdicts.total() == found.verdicts[Verdict.HOLDS]


@pytest.mark.parametrize("jobs", KEPT_OUT)
def test_a_visit_that_needs_what_the_first_process_would_do_proves_nothing(
    process_jobs: Any, jobs: str
) -> None:
    found, _ = visited(process_jobs, target(jobs))
    assert found.verdicts.total() == found.verdicts[Verdict.HOLDS]
    schedule = Schedule.parse("pipeline succeeds; act process-starts at run reach pipeline")
    with open_player("target.py:Target") as player:
        (unreached,) = player.play(schedule).unreached
    assert KEPT_OUT[jobs] in unreached


def test_what_is_tried_in_vain_everywhere_is_told(process_jobs: Any) -> None:
    found, in_vain = visited(process_jobs, target("Counted"))
    assert found.verdicts.total() == 0
    assert "two starts made run 1" in in_vain[0]


def test_a_target_says_that_it_is_alone(process_jobs: Any) -> None:
    alone = 'single_process = "the service has one worker"'
    only = ("--only", "busy", "--pipeline", "raises")
    told = process_jobs.check(target("InMemory", alone), "--bound", "quick", *only)
    assert "no other process is tried beside it: the service has one worker" in told.text
    assert "another process, a real one" not in told.text


def test_a_violation_by_another_process_is_saved_and_replayed(process_jobs: Any) -> None:
    only = ("--only", "process-starts", "--pipeline", "succeeds")
    told = process_jobs.check(target("InMemory"), "--bound", "quick", *only)
    assert told.code == 1, told.text
    assert "another process, a real one, at each point: process-starts" in told.text
    assert "not confirmed: the target offers no" not in told.text
    saved = ".runfaults/Target-one-active-run.toml"
    again = process_jobs.run("replay", saved, "--target", "target.py:Target")
    assert again.code == 1, again.text
    assert "runs 1 and 2 are both active" in again.text
    assert "user@2" in again.text
    shortest = process_jobs.run("minimise", saved, "--target", "target.py:Target")
    assert "process-starts" in shortest.text, shortest.text
