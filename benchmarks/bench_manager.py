"""The corrected `RunManager` against a bare thread that does the same SQL."""

from __future__ import annotations

import threading
import time
from typing import Any

from measuring import fresh_databases, measure, one_run, work
from recording import recorded
from runfaults.targets.genglossary import GenGlossary

RUNS = 100


def test_run_of_the_manager(benchmark: Any) -> None:
    with fresh_databases() as fresh:

        def runs() -> None:
            for _ in range(RUNS):
                one_run(fresh())

        measure(benchmark, runs, per=RUNS)


def test_bare_thread(benchmark: Any) -> None:
    with fresh_databases() as fresh:
        database = fresh()
        with recorded() as recording:
            one_run(database)

        def runs() -> None:
            for _ in range(RUNS):
                thread = threading.Thread(target=recording.replay, args=(fresh(),))
                thread.start()
                thread.join()

        measure(benchmark, runs, per=RUNS)


def test_until_the_pipeline_begins(benchmark: Any) -> None:
    """From the call of `start_run` to the first instruction of the pipeline."""
    began: list[float] = []

    def pipeline(*arguments: Any, **named: Any) -> None:
        began.append(time.perf_counter())
        work(*arguments, **named)

    with fresh_databases() as fresh:

        def timed() -> float:
            manager = GenGlossary().open(fresh(), pipeline)
            called = time.perf_counter()
            run = manager.start()
            manager.wait(run)
            manager.close()
            return began.pop() - called

        waits = [timed() for _ in range(RUNS)]
        benchmark.extra_info["first instruction"] = min(waits)
        measure(benchmark, timed, rounds=RUNS)
