"""One broken target has the same broken schedules, whichever door it is tested through."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from runfaults.campaign.campaign import Campaign
from runfaults.campaign.cluster import Order, running_jobs
from runfaults.campaign.findings_file import to_document
from runfaults.campaign.fingerprint import code_in_development
from runfaults.campaign.players import open_player
from runfaults.campaign.replay import replay
from runfaults.campaign.running import Options, run_campaign
from runfaults.explore.findings import Findings
from runfaults.explore.job import Scope
from runfaults.explore.rehearsal import rehearse
from runfaults.explore.runner import PlayerKind, Runner
from runfaults.explore.sweep import Sweep
from runfaults.explore.versions import versions
from runfaults.model import Fault, Journal, Scenario, Schedule, Verdict
from runfaults.model.listener import Listener
from runfaults.scenario.file import dump_scenario, load_scenario
from runfaults.sim.host import Host
from runfaults.testing.bench import DoesNotHoldError, bench_for, leave_simulation

CHECKOUT = """
import sqlite3
import threading


def initialize_db(connection):
    connection.execute("CREATE TABLE runs (id INTEGER PRIMARY KEY, status TEXT)")


class PipelineExecutor:
    def execute(self, connection, run_id):
        raise NotImplementedError


class RunManager:
    def __init__(self, db_path):
        self.db_path, self.threads = db_path, {}

    def start_run(self, scope):
        connection = sqlite3.connect(self.db_path)
        run_id = connection.execute("INSERT INTO runs (status) VALUES ('running')").lastrowid
        connection.commit()
        connection.close()
        self.threads[run_id] = threading.Thread(target=self._run, args=(run_id,))
        self.threads[run_id].start()
        return run_id

    def _run(self, run_id):
        connection = sqlite3.connect(self.db_path)
        try:
            PipelineExecutor().execute(connection, run_id)
            connection.execute("UPDATE runs SET status = 'completed' WHERE id = ?", (run_id,))
            connection.commit()
        except Exception:
            connection.rollback()
            connection.execute("UPDATE runs SET status = 'failed' WHERE id = ?", (run_id,))
            connection.commit()
        connection.close()
"""
ADAPTER = "from jobs import JobsTarget as Target"
SCOPE = Scope(kinds=("busy", "full"), acts=(), journals=(Journal.DELETE,))
STRATEGY = Sweep(SCOPE)
Broken = dict[str, frozenset[str]]


@pytest.fixture(params=["adapter", "checkout"])
def target(request: pytest.FixtureRequest, here: Any) -> str:
    """A target that takes a lock for a failure of the work."""
    if request.param == "adapter":
        here.write("target.py", ADAPTER)
        return f"{here.folder}/target.py:Target"
    (here.folder / "checkout").mkdir()
    (here.folder / "checkout" / "runs.py").write_text(CHECKOUT)
    return f"source:{here.folder}/checkout"


@pytest.fixture
def schedules(target: str) -> list[Schedule]:
    """Those of the sweep: nothing, or one fault at one point."""
    with open_player(target) as player:
        offers = rehearse(player, Schedule(), STRATEGY.scope.kinds).faults()
        return [
            Schedule(),
            *(Schedule().adding(Fault(offer.name, offer.point)) for offer in offers),
        ]


def broken_of(trial: Any) -> frozenset[str]:
    return frozenset(each.rule for each in trial.judgements if each.verdict is Verdict.BROKEN)


def by_player(kind: PlayerKind) -> Callable[[str, list[Schedule], Path], Broken]:
    def run(target: str, schedules: list[Schedule], folder: Path) -> Broken:
        del folder
        with open_player(target, kind) as player:
            runner = Runner(player)
            return {str(each): broken_of(runner.run(each)) for each in schedules}

    return run


def by_bench(target: str, schedules: list[Schedule], folder: Path) -> Broken:
    del folder
    try:
        return {str(each): broken_of(bench_for(target).run(each)) for each in schedules}
    finally:
        leave_simulation()


def by_hypothesis(target: str, schedules: list[Schedule], folder: Path) -> Broken:
    del folder
    found: Broken = {}

    @settings(
        max_examples=10 * len(schedules),
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(schedule=st.sampled_from(schedules))
    def holds(schedule: Schedule) -> None:
        trial = bench_for(target).run(schedule)
        found[str(schedule)] = broken_of(trial)
        if not found[str(schedule)]:
            trial.assert_holds()
            return
        with pytest.raises(DoesNotHoldError):
            trial.assert_holds()

    try:
        holds()
    finally:
        leave_simulation()
    return found


def by_scenario_file(target: str, schedules: list[Schedule], folder: Path) -> Broken:
    found: Broken = {}
    for schedule in schedules:
        file = folder / "scenario.toml"
        file.write_text(dump_scenario(Scenario("one", "any", target, schedule)))
        found[str(schedule)] = broken_of(replay(load_scenario(file)))
    return found


DOORS: dict[str, Callable[[str, list[Schedule], Path], Broken]] = {
    "bench": by_bench,
    "Hypothesis": by_hypothesis,
    "scenario files": by_scenario_file,
    "lives": by_player(PlayerKind.LIVES),
}


def test_each_door_finds_the_same_schedules_broken(
    target: str, schedules: list[Schedule], tmp_path: Path
) -> None:
    expected = by_player(PlayerKind.SIMULATION)(target, schedules, tmp_path)
    assert any(expected.values())
    assert not all(expected.values())
    for door, run in DOORS.items():
        assert run(target, schedules, tmp_path) == expected, door


def in_processes(campaign: Campaign, processes: int) -> Findings:
    return run_campaign(campaign, Options(processes=processes), Listener()).found


def as_on_a_cluster(campaign: Campaign) -> Findings:
    """What a worker of a cluster does with each job."""
    host = Host(running_jobs, Order("one", campaign, versions(), code_in_development()))
    whole = Findings()
    try:
        with open_player(campaign.target) as player:
            jobs = campaign.jobs(campaign.runner(player))
        for job in jobs:
            whole.merge(host.ask(job))
    finally:
        host.close()
    return whole


def test_each_way_to_run_a_sweep_finds_the_same(target: str, schedules: list[Schedule]) -> None:
    campaign = Campaign(target, (STRATEGY,))
    one = in_processes(campaign, 1)
    assert one.verdicts[Verdict.BROKEN] > 0
    assert one.verdicts.total() == len(schedules)
    assert to_document(in_processes(campaign, 2)) == to_document(one)
    assert to_document(as_on_a_cluster(campaign)) == to_document(one)
