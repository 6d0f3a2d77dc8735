"""Run so many schedules of the default bound in this process; tell what that took, as JSON."""

from __future__ import annotations

import json
import resource
import sys
import time

from runfaults.campaign.bounds import bound_named
from runfaults.campaign.campaign import Campaign
from runfaults.explore.findings import Findings
from runfaults.explore.runner import Runner
from runfaults.sim.simulation import Simulation
from runfaults.targets import target_named


def grow(wanted: int) -> dict[str, float]:
    """Run whole jobs until there are so many schedules."""
    campaign = Campaign("genglossary", bound_named("default").strategies)
    found = Findings()
    with Simulation(target_named(campaign.target)) as simulation:
        runner = Runner(simulation)
        jobs = campaign.jobs(runner)
        began, cpu = time.perf_counter(), time.process_time()
        for job in jobs:
            if found.verdicts.total() >= wanted:
                break
            found.merge(campaign.run(runner, job))
        seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    return {
        "schedules": found.verdicts.total(),
        "seconds": seconds,
        "cpu": cpu,
        "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


if __name__ == "__main__":
    print(json.dumps(grow(int(sys.argv[1]))))
