"""The main job: sweep a target, judge every history, gather the result."""

from __future__ import annotations

import platform
import sqlite3
import time
from collections.abc import Callable, Iterable
from importlib.metadata import version
from pathlib import Path
from typing import Protocol

from runfaults.explore.bound import Bound
from runfaults.explore.findings import Findings
from runfaults.explore.pool import available_cores, parts_of, run_parts
from runfaults.explore.probe import probe
from runfaults.explore.violations import violations
from runfaults.model import (
    Cell,
    CheckResult,
    Tally,
    Verdict,
    Versions,
)
from runfaults.oracle.rules import RULES
from runfaults.sim.world import Simulation
from runfaults.targets import target_named
from runfaults.targets.target import exemptions, remarks


class Progress(Protocol):
    """Hears how far an exploration is."""

    def start(self, total: int | None) -> None:
        """So many shards will be run."""
        ...

    def advance(self, count: int = 1) -> None:
        """So many more are done."""
        ...

    def note(self, text: str) -> None:
        """What happens at the moment, in a few words."""
        ...


def check(
    target: str,
    bound: Bound,
    progress: Progress,
    *,
    jobs: int | None = None,
    save_to: Path | None = None,
    rules: Iterable[str] | None = None,
    enough: Callable[[], bool] = lambda: False,
) -> CheckResult:
    """Run every schedule of the bound and judge it.

    Args:
        target: Name of the system under test.
        bound: Which schedules.
        progress: Hears how far it is.
        jobs: Number of processes; None for one per core.
        save_to: Folder for the scenario files of violations; None to save none.
        rules: Names of the rules to report; None for all.
        enough: Asked between shards; True ends the check early.

    Returns:
        The result; after Ctrl-C the result so far, with what was not reached.

    Raises:
        TargetError: if the target cannot be tested.
    """
    began = time.perf_counter()
    system = target_named(target)
    with Simulation(system) as simulation:
        probe(simulation)
        todo = parts_of(simulation, bound)
    found = Findings()
    progress.start(len(todo))
    done = 0
    try:
        for part in run_parts(target, todo, bound, jobs or available_cores()):
            found.merge(part)
            done += 1
            progress.advance()
            progress.note(f"{found.verdicts.total():,} schedules")
            if enough():
                break
    except KeyboardInterrupt:
        progress.note("interrupted")
    wanted = {rule.name for rule in RULES} if rules is None else set(rules)
    wanted -= set(exemptions(system))
    left = len(todo) - done
    return CheckResult(
        target=target,
        versions=versions(),
        bound=bound.describe(),
        schedules=found.tally(),
        pruned=found.pruned,
        elapsed=time.perf_counter() - began,
        rules={rule.name: found.tally(rule.name) for rule in RULES if rule.name in wanted},
        coverage=tuple(_cells(found)),
        violations=tuple(violations(target, found, wanted, save_to)),
        notes=tuple(found.problems[:20]),
        not_reached=(f"{left} of {len(todo)} parts",) if left else (),
        remarks=remarks(system),
    )


def versions() -> Versions:
    """What results are measured with."""
    return Versions(platform.python_version(), sqlite3.sqlite_version, version("runfaults"))


def _cells(found: Findings) -> Iterable[Cell]:
    struck = {(point, kind) for point, kind, _ in found.cells}
    for point, kind in [*struck, *(found.impossible.keys() - struck)]:
        tally = Tally(
            *(
                found.cells[point, kind, verdict]
                for verdict in (Verdict.HOLDS, Verdict.BROKEN, Verdict.UNKNOWN)
            )
        )
        impossible = "" if (point, kind) in struck else found.impossible[point, kind]
        yield Cell(point, kind, tally, impossible)
