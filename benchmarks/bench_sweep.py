"""The sweep: schedules of the default bound, run and judged, on one core, when all is warm."""

from __future__ import annotations

from typing import Any

from measuring import measure, on_one_core
from runfaults.campaign.bounds import bound_named
from runfaults.campaign.campaign import Campaign
from runfaults.campaign.profile import profiled
from runfaults.explore.findings import Findings
from runfaults.explore.runner import Runner
from runfaults.model import Schedule
from runfaults.oracle.judge import judge
from runfaults.sim.simulation import Simulation
from runfaults.targets import target_named

EVERY = 5
"""Of so many jobs of the sweep one is run: some two hundred schedules."""


SWEEP = Campaign("genglossary", bound_named("default").strategies[:1])


def test_shard_of_the_default_bound(benchmark: Any) -> None:
    with on_one_core(), Simulation(target_named("genglossary")) as simulation:
        runner = Runner(simulation)
        jobs = SWEEP.jobs(runner)[EVERY // 2 :: EVERY]

        def sweep() -> int:
            found = [SWEEP.run(runner, job) for job in jobs]
            return sum(each.verdicts.total() for each in found)

        schedules = sweep()
        benchmark.extra_info["schedules"] = schedules
        measure(benchmark, sweep, per=schedules)


def test_clean_run(benchmark: Any) -> None:
    """One schedule without faults, again and again: what the harness costs beside the floor."""
    runs = 100
    with on_one_core(), Simulation(target_named("genglossary")) as simulation:

        def play() -> None:
            for _ in range(runs):
                judge(simulation.play(Schedule()).history)

        measure(benchmark, play, per=runs)


def test_where_the_time_goes(benchmark: Any) -> None:
    """The same shard with a stopwatch for each phase: why a schedule costs what it costs."""
    target = target_named("genglossary")
    with on_one_core(), profiled() as profile, Simulation(target) as simulation:
        runner = Runner(simulation)
        jobs = SWEEP.jobs(runner)[EVERY // 2 :: EVERY]
        before = dict(profile.seconds)
        found: list[Findings] = []

        def sweep() -> None:
            found.extend(SWEEP.run(runner, job) for job in jobs)

        benchmark.pedantic(sweep, rounds=1)
        schedules = sum(each.verdicts.total() for each in found)
        phases = {
            phase: (now - before[phase]) / schedules for phase, now in profile.seconds.items()
        }
    benchmark.extra_info.update(per=schedules, phases=phases)
