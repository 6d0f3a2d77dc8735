"""Tasks of an event loop: switched at their steps, cancelled at their awaits."""

from __future__ import annotations

import asyncio
import gc
from typing import Any

import pytest
import task_jobs
from small_jobs import JobsTarget
from task_jobs import TaskJobs

from runfaults.campaign.bounds import bound_named
from runfaults.campaign.campaign import Campaign
from runfaults.explore.findings import Findings
from runfaults.explore.job import Allowance, Chosen, Scope
from runfaults.explore.runner import Runner
from runfaults.explore.search import Search
from runfaults.explore.tasks import Tasks
from runfaults.model import Ending, Journal, Schedule, Verdict
from runfaults.model.element import CANCEL_TASK
from runfaults.sim.execution import Execution
from runfaults.sim.simulation import Simulation

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

CANCELLED = (CANCEL_TASK,)


def target_of(jobs: type[TaskJobs], *cancellable: str) -> Any:
    target: Any = JobsTarget(jobs)  # type: ignore[arg-type]  # it is driven alike
    if cancellable:
        target.cancellable = cancellable
    return target


def found_in(
    target: Any, acts: tuple[str, ...] = CANCELLED, kinds: tuple[str, ...] = ()
) -> Findings:
    """What a check of its tasks finds."""
    endings = (Ending.SUCCEEDS,) if kinds else (Ending.SUCCEEDS, Ending.RAISES)
    strategy = Tasks(Scope(kinds, acts, endings=endings), faults=bool(kinds))
    found = Findings()
    with Simulation(target) as simulation:
        runner = Runner(simulation)
        for job in strategy.jobs(runner):
            strategy.run(runner, job, found)
    gc.collect()  # a schedule that gets stuck leaves its loop behind
    assert found.problems == []
    assert found.doubts == []
    assert found.verdicts.total() > 0
    return found


def schedules(found: Findings, rule: str) -> str:
    return str(found.witnesses[rule, Verdict.BROKEN].schedule)


def play(jobs: type[TaskJobs], text: str = "pipeline succeeds") -> Execution:
    with Simulation(target_of(jobs)) as simulation:
        return simulation.play(Schedule.parse(text))


# --- switches -------------------------------------------------------------------------------------


def test_an_outcome_that_comes_in_time_by_luck_is_found() -> None:
    found = found_in(target_of(task_jobs.ToldTooEarly), ())
    schedule = schedules(found, "succeeded-never-failed")
    assert "; switch run task ToldTooEarly.whole #3 to others" in schedule


def test_a_check_before_an_await_is_found() -> None:
    found = found_in(target_of(task_jobs.CheckedThenAwaited), ())
    schedule = schedules(found, "work-done-once")
    assert "; switch run task CheckedThenAwaited.quick #2 to others" in schedule


class Recorded(TaskJobs):
    """Notes the order in which its tasks begin, and polls for the one that is paused."""

    order: list[str]

    async def whole(self, job: int) -> None:
        self.order = []
        first = asyncio.create_task(self.begun("first"))
        polling = asyncio.create_task(self.polled())
        await first
        await polling
        await super().whole(job)

    async def begun(self, name: str) -> None:
        self.order.append(name)
        await asyncio.sleep(0)
        self.order.append(f"{name} again")

    async def polled(self) -> None:
        self.order.append("polled")
        while "first again" not in self.order:  # noqa: ASYNC110  # what some do
            await asyncio.sleep(0)


def test_tasks_begin_in_the_order_in_which_they_were_made() -> None:
    seen: set[str] = set()
    for step in play(Recorded).tasks:
        name = step.at.point.subject
        assert name in seen or "others" not in step.at.ready, step
        seen.add(name)
    assert {"Recorded.begun", "Recorded.polled"} <= seen


def test_others_who_go_round_until_a_paused_task_goes_on_do_not_do_so_for_ever() -> None:
    played = play(Recorded, "pipeline succeeds; switch run task Recorded.begun #2 to others")
    assert played.unreached == ()
    polls = [each for each in played.tasks if each.at.point.subject == "Recorded.polled"]
    assert 100 < len(polls) < 200
    assert "settled" in str(played.history.events[-1])


def test_a_switch_to_others_where_there_are_none_is_not_played() -> None:
    text = "switch run task TaskJobs.handle to others"
    played = play(TaskJobs, f"pipeline succeeds; {text}")
    assert played.unreached == (f"{text.removeprefix('switch ')} (not ready there)",)


# --- cancels --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("jobs", "rule"),
    [
        (task_jobs.ExceptException, "eventually-terminal"),
        (task_jobs.AwaitedInFinally, "eventually-terminal"),
        (task_jobs.CalledAFailure, "succeeded-never-failed"),
        (task_jobs.Held, "eventually-terminal"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_what_a_cancel_breaks_is_found(jobs: type[TaskJobs], rule: str) -> None:
    found = found_in(target_of(jobs))
    assert f"act cancel-task {jobs.__name__}.handle at " in schedules(found, rule)


def test_a_task_that_the_target_names_is_cancelled_instead() -> None:
    found = found_in(target_of(task_jobs.LostByGather, "LostByGather.tried"))
    schedule = schedules(found, "failed-has-a-cause")
    assert "act cancel-task LostByGather.tried at " in schedule


RIGHT = [
    TaskJobs,
    task_jobs.ToldInTime,
    task_jobs.Taken,
    task_jobs.ShieldedInFinally,
    task_jobs.Released,
    task_jobs.SeenByGather,
    task_jobs.Everything,
]


@pytest.mark.parametrize("jobs", RIGHT, ids=lambda jobs: jobs.__name__)
def test_innocent_twins_hold(jobs: type[TaskJobs]) -> None:
    named = ("LostByGather.tried",) if jobs is task_jobs.SeenByGather else ()
    assert found_in(target_of(jobs, *named)).tally().verdict is Verdict.HOLDS


def test_a_cancel_between_two_attempts_to_record_is_found() -> None:
    jobs = task_jobs.CancelledBetweenAttempts
    assert found_in(target_of(jobs)).tally().verdict is Verdict.HOLDS  # no attempt but one
    schedule = schedules(found_in(target_of(jobs), kinds=("busy",)), "eventually-terminal")
    assert "; fault busy at run " in schedule
    assert f"; act cancel-task {jobs.__name__}.handle at " in schedule


def test_who_attempts_it_to_the_end_holds() -> None:
    found = found_in(target_of(task_jobs.AttemptedToTheEnd), kinds=("busy",))
    assert found.tally().verdict is Verdict.HOLDS


def test_a_fault_strikes_before_a_cancel_and_after_it() -> None:
    orders: set[bool] = set()
    strategy = Tasks(Scope(("busy",), CANCELLED), faults=True)
    with Simulation(target_of(TaskJobs)) as simulation:
        runner = Runner(simulation)
        for job in strategy.jobs(runner):
            found = Findings()
            strategy.run(runner, job, found)
            assert found.problems == []
            orders |= {bool(job.base.faults)} if found.verdicts.total() else set()
    assert orders == {True, False}


def test_who_waits_for_the_answer_does_not_cancel_the_task() -> None:
    outside = {step.at.point.subject for step in play(TaskJobs).tasks if step.from_outside}
    assert outside == {"TaskJobs.handle"}  # not `begin` and `end`, nor what it began itself


def test_a_cancel_of_a_task_that_is_not_there_is_not_played() -> None:
    text = "cancel-task TaskJobs.handle at user reach closed"
    played = play(TaskJobs, f"pipeline succeeds; act {text}")
    assert played.unreached == (f"{text} (not ready there)",)


def test_a_cancel_replays_from_a_file(here: Any) -> None:
    here.write("t.py", _PROGRAM)
    here.write("lost.toml", _SCENARIO)
    told = here.type("replay", "lost.toml")
    assert told.code == 1, told.text
    assert "broken (as expected)" in told.text
    assert "A cancel of the task AwaitedInFinally.handle was requested" in told.text


_PROGRAM = f"""
    import sys
    sys.path.append({str(task_jobs.__file__).rpartition("/")[0]!r})
    import task_jobs
    from jobs import JobsTarget

    class Target(JobsTarget):
        jobs = task_jobs.AwaitedInFinally
"""

_SCENARIO = """
    name = "lost"
    symptom = "the run never ends"
    target = "t.py:Target"
    expect = "broken"

    [schedule]
    pipeline = "succeeds"

    [[act]]
    kind = "cancel-task"
    task = "AwaitedInFinally.handle"
    at = "run task AwaitedInFinally.handle #3"
"""


def test_a_name_that_no_coroutine_has_is_told() -> None:
    found = found_in(target_of(task_jobs.LostByGather, "LostByGather.tired"))
    (told,) = found.in_vain
    assert told.startswith(
        "`cancellable` names LostByGather.tired, and no task of a run that succeeds"
    )
    assert "LostByGather.tried" in told
    assert found_in(target_of(task_jobs.LostByGather, "LostByGather.tried")).in_vain == set()


# --- what nobody pays for -------------------------------------------------------------------------


def test_a_bound_has_tasks_only_where_there_is_a_loop() -> None:
    for name in ("default", "nightly", "0,1,0", "0,0,1"):
        campaign = Campaign("jobs", bound_named(name).strategies)
        for offered, most in (((), 0), (CANCELLED, 1)):
            fitted = campaign.of_target(offered, Journal.DELETE).strategies
            assert sum(isinstance(each, Tasks) for each in fitted) == most, name


def test_nothing_but_tasks_is_left_where_only_their_cancel_is_wanted() -> None:
    chosen = bound_named("1,1,1").limited_to(Chosen(acts=CANCELLED))
    acts = {type(each): each.scope.acts for each in chosen.strategies}
    assert acts.pop(Tasks) == CANCELLED
    assert set(acts.values()) == {()}


@pytest.mark.parametrize(
    "jobs",
    [task_jobs.ToldTooEarly, task_jobs.CheckedThenAwaited, task_jobs.AwaitedInFinally],
    ids=lambda jobs: jobs.__name__,
)
def test_threads_that_are_paused_do_not_find_it(jobs: type[TaskJobs]) -> None:
    search = Search(Scope((), ()), Allowance(0, 0, 1))
    found = Findings()
    with Simulation(target_of(jobs)) as simulation:
        runner = Runner(simulation)
        waiting = list(search.jobs(runner))
        while waiting:
            search.run(runner, waiting.pop(), found)
            waiting += found.follow_ups
            found.follow_ups.clear()
    assert found.tally().verdict is Verdict.HOLDS
