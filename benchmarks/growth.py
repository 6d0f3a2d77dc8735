"""How the cost of a check grows: with its bound, with the target's operations, with processes.

    uv run --group benchmarks python benchmarks/growth.py

That writes `docs/measured/growth.json`, and `docs/reference/growth.svg`, which the page on cost
shows. It takes some minutes; leave the machine alone meanwhile.
"""

from __future__ import annotations

import json
import os
import platform
import re
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

from growing_target import OPERATIONS, Growing
from runfaults.campaign.agenda import Agenda
from runfaults.campaign.campaign import Campaign
from runfaults.explore.findings import Findings
from runfaults.explore.job import Allowance, Scope
from runfaults.explore.runner import Runner
from runfaults.explore.search import Search
from runfaults.explore.sweep import Sweep
from runfaults.sim.simulation import Simulation
from runfaults.targets import target_named

REPOSITORY = Path(__file__).parents[1]
MEASURED = REPOSITORY / "docs" / "measured" / "growth.json"
PICTURE = REPOSITORY / "docs" / "reference" / "growth.svg"

Row = dict[str, Any]
Measured = dict[str, Any]

_SCHEDULES = 40
"""Of so many schedules the cost is measured for each number of operations."""


def bounds() -> Iterator[Row]:
    """Up to three lock errors anywhere in a run of the corrected manager."""
    for faults in (1, 2, 3):
        search = Search(Scope(("busy",), ()), Allowance(faults, 0, 0), reduce=True)
        with Simulation(target_named("genglossary")) as simulation:
            runner = Runner(simulation)
            began = time.process_time()
            found = _whole(Campaign("genglossary", (search,)), runner)
            yield {
                "faults": faults,
                "schedules": found.verdicts.total(),
                "seconds": time.process_time() - began,
            }


def _whole(campaign: Campaign, runner: Runner) -> Findings:
    """What all jobs find, in this process."""
    found, agenda = Findings(), Agenda(campaign.jobs(runner))
    while agenda.waiting:
        job = agenda.take()
        its = campaign.run(runner, job)
        found.merge(its)
        agenda.finish(job, its.follow_ups)
    return found


def operations() -> Iterator[Row]:
    """A lock error at some of the operations of ever longer work."""
    for number in (10, 30, 100, 300, 1_000):
        os.environ[OPERATIONS] = str(number)
        sweep = Sweep(Scope(("busy",), ()))
        with Simulation(Growing()) as simulation:
            runner = Runner(simulation)
            began = time.process_time()
            jobs = list(sweep.jobs(runner))
            listed = time.process_time() - began
            some = jobs[:: max(1, len(jobs) // _SCHEDULES)]
            began = time.process_time()
            found = Findings()
            for job in some:
                found.add(runner.run(job.base))
            yield {
                "operations": number,
                "jobs": len(jobs),
                "seconds to list them": listed,
                "seconds for each schedule": (time.process_time() - began) / len(some),
            }


def processes() -> Iterator[Row]:
    """The same check in one process, in two, and by two workers of a cluster."""
    for name, arguments in (("1", ["--jobs", "1"]), ("2", ["--jobs", "2"]), ("cluster of 2", [])):
        with nullcontext(arguments) if arguments else _cluster() as how:
            began = time.perf_counter()
            told = subprocess.run(
                [
                    sys.executable,
                    "-m",
                    "runfaults",
                    "check",
                    "--bound",
                    "quick",
                    "--no-cache",
                    *how,
                ],
                cwd=REPOSITORY,
                capture_output=True,
                text=True,
                check=True,
            ).stdout
            seconds = time.perf_counter() - began
        ran = re.search(r"under all ([\d,]+) schedules", told)
        assert ran is not None, told
        yield {"processes": name, "schedules": int(ran[1].replace(",", "")), "seconds": seconds}


@contextmanager
def _cluster() -> Generator[list[str]]:
    """A scheduler of Dask and two workers on this machine; yields the option that names it."""
    distributed: Any = import_module("distributed")
    cluster = distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs=50
    )
    with cluster:
        yield ["--cluster", cluster.scheduler_address]


def draw(measured: Measured) -> None:
    """Draw a plot for each of the three."""
    matplotlib: Any = import_module("matplotlib")  # of a group that is not always there
    matplotlib.use("svg")
    pyplot: Any = import_module("matplotlib.pyplot")
    matplotlib.rcParams.update({"svg.hashsalt": "growth", "svg.fonttype": "none", "font.size": 9})
    figure, (bound, length, spread) = pyplot.subplots(1, 3, figsize=(10, 3.2), layout="constrained")
    rows = measured["bounds"]
    bound.plot([r["schedules"] for r in rows], [r["seconds"] for r in rows], marker="o")
    for row in rows:
        word = "fault" if row["faults"] == 1 else "faults"
        place = row["schedules"], row["seconds"]
        bound.annotate(
            f"{row['faults']} {word}", place, (-8, 6), textcoords="offset points", ha="right"
        )
    bound.set(title="a larger bound", xlabel="schedules", ylabel="seconds of processor")
    bound.set_xlim(left=-20)
    bound.set_ylim(0, 1.15 * rows[-1]["seconds"])
    rows = measured["operations"]
    numbers = [row["operations"] for row in rows]
    for what in ("seconds for each schedule", "seconds to list them"):
        length.loglog(numbers, [row[what] for row in rows], marker="o", label=what)
    length.legend(frameon=False)
    length.set(
        title="longer work", xlabel="operations of the target", ylabel="seconds of processor"
    )
    rows = measured["processes"]
    spread.bar([row["processes"] for row in rows], [row["seconds"] for row in rows])
    spread.set(title="more processes", ylabel="seconds")
    figure.savefig(PICTURE, metadata={"Date": None, "Creator": None})


def main() -> None:
    """Measure all, write it down, and draw it."""
    measured: dict[str, Any] = {
        "machine": f"{platform.system()} {platform.machine()} with {os.cpu_count()} cores, "
        f"Python {platform.python_version()}",
        "date": datetime.now(UTC).date().isoformat(),
    }
    for name, measure in MEASURES.items():
        measured[name] = []
        for row in measure():
            print(name, row, flush=True)
            measured[name].append(row)
    MEASURED.write_text(json.dumps(measured, indent=2) + "\n", "utf-8")
    draw(measured)


MEASURES: dict[str, Callable[[], Iterator[Row]]] = {
    "bounds": bounds,
    "operations": operations,
    "processes": processes,
}

if __name__ == "__main__":
    main()
