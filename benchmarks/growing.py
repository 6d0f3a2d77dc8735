"""Run so many schedules of the default bound in this process; tell what that took, as JSON."""

from __future__ import annotations

import json
import resource
import sys
import time

from runfaults.explore.bound import bound_named
from runfaults.explore.findings import Findings
from runfaults.explore.part import parts_of, run_part
from runfaults.sim.simulation import Simulation
from runfaults.targets import target_named


def grow(wanted: int) -> dict[str, float]:
    """Run whole parts until there are so many schedules."""
    bound = bound_named("default")
    found = Findings()
    with Simulation(target_named("genglossary")) as simulation:
        parts = parts_of(simulation, bound)
        began, cpu = time.perf_counter(), time.process_time()
        for part in parts:
            if found.verdicts.total() >= wanted:
                break
            found.merge(run_part(simulation, part, bound))
        seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    return {
        "schedules": found.verdicts.total(),
        "seconds": seconds,
        "cpu": cpu,
        "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


if __name__ == "__main__":
    print(json.dumps(grow(int(sys.argv[1]))))
