"""A budget is spent where a violation is likely, and what it does not reach is said."""

from __future__ import annotations

import itertools

import pytest

from runfaults.campaign.agenda import Agenda
from runfaults.campaign.budget import Budget, parse_duration
from runfaults.campaign.campaign import Campaign
from runfaults.campaign.running import Options, run_campaign
from runfaults.explore.job import Allowance, Job, Scope
from runfaults.explore.likelihood import ranked
from runfaults.explore.runner import Runner
from runfaults.explore.search import Search
from runfaults.model import Schedule, Verdict
from runfaults.model.listener import Listener
from small_checks import BROKEN, SMALL, SOUND, concluded, explored, stop_after, undisturbed

SCHEDULES = {
    "clean": "pipeline succeeds",
    "at commit": "fault busy at run commit #4",
    "full at commit": "fault full at run commit #4",
    "at update": "fault busy at run execute UPDATE runs",
    "at select": "fault busy at user execute SELECT runs",
    "cancel": "act cancel at run commit",
}
JOBS = {name: ranked(Schedule.parse(text)) for name, text in SCHEDULES.items()}
RACES = Search(Scope(), Allowance(0, 1, 1))
RACE = RACES.job(Schedule())


@pytest.mark.parametrize(
    ("text", "seconds"), [("60s", 60), ("5m", 300), ("1.5h", 5400), (" 1s ", 1)]
)
def test_durations_have_a_unit(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "60", "s", "-1s", "0s", "1d", "1 s s"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="such as 60s"):
        parse_duration(text)


def test_a_budget_is_spent_when_its_time_has_passed() -> None:
    now = [100.0]
    budget = Budget(60, lambda: now[0])
    assert not budget.spent()
    now[0] = 159.9
    assert not budget.spent()
    assert not budget.stopped
    now[0] = 160.0
    assert budget.spent()
    assert budget.stopped


def test_faults_where_a_status_is_recorded_come_first_and_interleavings_last() -> None:
    given = Agenda([RACE, *reversed(JOBS.values())])
    expected = ["clean", "at commit", "at update", "full at commit", "cancel", "at select"]
    assert [given.take() for _ in JOBS] == [JOBS[name] for name in expected]
    assert given.take() == RACE


def test_what_is_left_is_told_by_its_sort() -> None:
    other = RACES.job(Schedule(), 7)
    agenda = Agenda([RACE, JOBS["at select"], other, JOBS["clean"]])
    agenda.finish(JOBS["clean"])
    assert list(agenda.unfinished()) == [
        "1 of 4 jobs: a fault somewhere else",
        "2 of 4 jobs: interleavings, and what they lead to",
    ]


@pytest.mark.parametrize("jobs", [1, 2])
def test_enough_is_enough_on_any_number_of_processes(jobs: int) -> None:
    outcome = explored(SOUND, processes=jobs, should_stop=stop_after(3))
    result = concluded(SOUND, outcome)
    assert not outcome.interrupted
    assert not result.finished
    assert result.not_reached
    assert result.schedules.total < concluded(SOUND, undisturbed(SOUND)).schedules.total


class Unranked(Campaign):
    """Hands jobs out in the order in which strategies list them."""

    def jobs(self, runner: Runner) -> list[Job]:
        return [job._replace(rank=()) for job in super().jobs(runner)]


def test_the_likeliest_jobs_find_a_planted_bug_before_the_others_would() -> None:
    """The detector's control: in the plain order the same number of jobs finds nothing."""
    few = 8
    unranked = Unranked(BROKEN, SMALL)
    options = Options(processes=1, should_stop=stop_after(few))
    plain = run_campaign(unranked, options, Listener())
    likeliest = explored(BROKEN, should_stop=stop_after(few))
    assert concluded(BROKEN, likeliest).verdict is Verdict.BROKEN
    assert concluded(BROKEN, plain).verdict is Verdict.UNFINISHED


def test_time_that_is_over_in_the_middle_of_a_job_ends_it_and_loses_nothing() -> None:
    most = undisturbed(BROKEN).found.verdicts.total()
    outcomes = [explored(BROKEN, should_stop=stop_after(asked)) for asked in range(2, 7)]
    ran = [outcome.found.verdicts.total() for outcome in outcomes]
    assert ran == sorted(ran)
    assert ran[-1] < most
    assert any(later == earlier + 1 for earlier, later in itertools.pairwise(ran))
