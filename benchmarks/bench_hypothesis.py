"""Hypothesis draws the schedules: how many of them it gets run and judged."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, Phase, given, settings

from measuring import measure
from runfaults.model import Schedule
from runfaults.strategies import schedules
from runfaults.testing.bench import bench_for, leave_simulation, take_tally

EXAMPLES = 100


def test_drawn_schedules(benchmark: Any) -> None:
    bench = bench_for("genglossary")

    @settings(
        max_examples=EXAMPLES,
        phases=[Phase.generate],
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(schedules())
    def holds(schedule: Schedule) -> None:
        bench.run(schedule).assert_holds()

    try:
        holds()
        run = take_tally().total()
        benchmark.extra_info["schedules"] = run
        measure(benchmark, holds, per=run, rounds=3)
    finally:
        leave_simulation()
