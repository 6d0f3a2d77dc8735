"""The floor: the SQL of one clean run, without a manager, threads or a harness around it."""

from __future__ import annotations

from typing import Any

from measuring import fresh_databases, measure, one_run
from recording import recorded

RUNS = 200


def test_sql_of_a_run(benchmark: Any) -> None:
    with fresh_databases() as fresh:
        database = fresh()
        with recorded() as recording:
            one_run(database)
        # Enough that a recording that misses something is noticed.
        assert any("UPDATE runs" in sql for sql in recording.statements)
        assert recording.statements.count("connect") == recording.statements.count("close")

        def replay() -> None:
            for _ in range(RUNS):
                recording.replay(fresh())

        benchmark.extra_info["calls"] = len(recording.statements)
        measure(benchmark, replay, per=RUNS)
