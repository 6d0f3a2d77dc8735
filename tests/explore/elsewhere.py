"""Plays schedules in a fresh process with another hash seed.

What depends on the order of a set of strings, or on what ran before in this process, differs only
between processes.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence

from runfaults.model import Schedule
from runfaults.sim.simulation import Simulation
from runfaults.targets import target_named


def lines_of(simulation: Simulation, schedule: Schedule) -> list[str]:
    """The events of a schedule, as text."""
    return [str(event) for event in simulation.play(schedule).history.events]


def lines_elsewhere(target: str, schedules: Sequence[Schedule]) -> list[list[str]]:
    """The same for each schedule, from a process of its own."""
    ours = os.environ.get("PYTHONHASHSEED", "")
    environment = {
        **os.environ,
        "PYTHONHASHSEED": "1" if ours != "1" else "2",
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
    }
    done = subprocess.run(
        [sys.executable, __file__, target],
        input=json.dumps([str(schedule) for schedule in schedules]),
        capture_output=True,
        text=True,
        check=True,
        env=environment,
    )
    return json.loads(done.stdout)


if __name__ == "__main__":
    with Simulation(target_named(sys.argv[1])) as entered:
        asked = [Schedule.parse(text) for text in json.load(sys.stdin)]
        json.dump([lines_of(entered, schedule) for schedule in asked], sys.stdout)
