"""The wall clock is set: what is measured stays, what is read changes."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from small_jobs import Jobs, JobsTarget

from runfaults.campaign.campaign import Campaign
from runfaults.campaign.conclude import check
from runfaults.campaign.running import Options
from runfaults.explore.runner import Runner
from runfaults.explore.search import Allowance, Scope, Search
from runfaults.model import EventKind, Schedule, Verdict
from runfaults.model.listener import Listener
from runfaults.oracle.no_rows import no_rows
from runfaults.sim.simulation import Simulation
from runfaults.sim.wall_clock import EPOCH
from runfaults.targets import target_named

DAY = 86_400
CONTROLS = Path(__file__).parents[1] / "controls"
CLOCK = Scope((), ("clock-forward",))


class Clocks(Jobs):
    """Notes what each clock shows after its work."""

    noted: list[tuple[float, ...]] = []  # noqa: RUF012 - of the class, to be read afterwards

    def note(self, connection: Any) -> None:
        shown = (
            time.time(),
            datetime.now(UTC).timestamp(),
            time.clock_gettime(time.CLOCK_REALTIME),
        )
        self.noted.append((*shown, time.monotonic(), time.perf_counter()))
        time.sleep(5)
        self.noted.append((time.time(), time.monotonic()))


@pytest.mark.parametrize(("act", "by"), [("clock-back", -DAY), ("clock-forward", DAY)])
def test_only_the_wall_clock_is_set(act: str, by: int) -> None:
    Clocks.noted.clear()
    with Simulation(JobsTarget(Clocks), warm=False) as simulation:
        execution = simulation.play(Schedule.parse(f"act {act} at run commit"))
        wall = EPOCH + by
        assert execution.unreached == ()
        assert Clocks.noted[-2:] == [(wall, wall, wall, 0, 0), (wall + 5, 5)]
        simulation.play(Schedule())
        assert Clocks.noted[-1] == (EPOCH + 5, 5), "the next schedule has a clock of its own"


def test_the_reduced_search_sets_it_only_where_it_is_read_afterwards() -> None:
    target = f"{CONTROLS / 'by_the_wall.py'}:TimedByTheWall"
    results = [
        check(
            Campaign(target, (Search(CLOCK, Allowance(0, 1, 0), reduce=reduce),)),
            Options(processes=1),
            Listener(),
        )
        for reduce in (True, False)
    ]
    for result in results:
        broken = {name for name, t in result.rules.items() if t.verdict is Verdict.BROKEN}
        assert "succeeded-never-failed" in broken
    reduced, whole = (result.schedules.total for result in results)
    assert reduced < whole / 4


class Times(Jobs):
    """Records when a job began and ended."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.begun = ""

    def attempt(self, connection: Any, job: int) -> None:
        self.begun = self.now()
        super().attempt(connection, job)

    def record(self, connection: Any, job: int, state: str) -> None:
        times = (self.begun, self.end())
        connection.execute("UPDATE jobs SET began = ?, ended = ?", times)
        super().record(connection, job, state)

    def now(self) -> str:
        return datetime.now(UTC).isoformat()

    def end(self) -> str:
        return self.now()


class InOrder(Times):
    def end(self) -> str:
        return max(self.begun, self.now())


def in_order(table: str, began: str, ended: str) -> Any:
    return no_rows("no run ends before it began", f"SELECT id FROM {table} WHERE {ended} < {began}")


AT = "pipeline succeeds; act clock-back at run execute INSERT runfaults_work"


@pytest.mark.parametrize(("jobs", "verdict"), [(Times, Verdict.BROKEN), (InOrder, Verdict.HOLDS)])
def test_times_that_run_backwards_are_seen_by_a_rule_of_ones_own(
    jobs: type[Jobs], verdict: Verdict
) -> None:
    rule = in_order("jobs", "began", "ended")
    target = JobsTarget(jobs, "ALTER TABLE jobs ADD began; ALTER TABLE jobs ADD ended;")
    with Simulation(target, own_rules=(rule,)) as simulation:
        trial = Runner(simulation).run(Schedule.parse(AT))
    assert {each.rule: each.verdict for each in trial.judgements}[rule.name] is verdict


def test_the_corrected_manager_ends_no_run_before_it_began() -> None:
    rule = in_order("runs", "started_at", "finished_at")
    with Simulation(target_named("genglossary"), own_rules=(rule,)) as simulation:
        trial = Runner(simulation).run(Schedule.parse(AT))
    assert trial.failing() == ()
    events = trial.execution.history.events
    assert [e.subject for e in events if e.actor == "clock-back"] == ["clock-back", "ended"]
    assert {e.kind for e in events if e.actor == "clock-back"} == {
        EventKind.REQUEST,
        EventKind.THREAD,
    }
