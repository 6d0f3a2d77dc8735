"""A property that does not hold, with its failures in a folder: prints the schedules it tried."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any
from unittest import SkipTest

from hypothesis import Phase, given, settings
from hypothesis.database import DirectoryBasedExampleDatabase

from runfaults.model import Ending, Schedule
from runfaults.strategies import bench_for, schedules

TARGET = f"{Path(__file__).parents[1] / 'planted.py'}:Jobs"

SMALL: Any = {"times": (1,), "journals": ("delete",), "pipelines": (Ending.SUCCEEDS,)}


def tried(folder: str, phases: list[Phase]) -> None:
    """Try the property; the last schedule that is printed after "failed" is the smallest."""

    @settings(database=DirectoryBasedExampleDatabase(folder), phases=phases, deadline=None)
    @given(schedules(TARGET, cancels=0, preemptions=0, kinds=("busy",), **SMALL))
    def holds(schedule: Schedule) -> None:
        sys.stdout.write(f"{schedule}\n")
        bench_for(TARGET).run(schedule).assert_holds("succeeded-never-failed")

    try:
        holds()
    except AssertionError:
        sys.stdout.write("failed\n")
    except SkipTest:  # Hypothesis has nothing to try
        pass


if __name__ == "__main__":
    tried(sys.argv[1], [Phase[name] for name in sys.argv[2:]])
