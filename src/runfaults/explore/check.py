"""The main job: sweep a target, judge every history, gather the result."""

from __future__ import annotations

import platform
import sqlite3
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Protocol

from runfaults.explore.bound import Bound
from runfaults.explore.findings import Findings, Witness, schedule_order
from runfaults.explore.pool import available_cores, run_shards
from runfaults.explore.probe import probe
from runfaults.explore.scenario_file import dump_scenario
from runfaults.explore.sweep import shards as cut
from runfaults.model import (
    Cell,
    CheckResult,
    History,
    Scenario,
    Tally,
    Verdict,
    Versions,
    Violation,
)
from runfaults.oracle.judge import judge
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
        todo = cut(simulation, bound)
    found = Findings()
    progress.start(len(todo))
    done = 0
    try:
        for part in run_shards(target, todo, bound, jobs or available_cores()):
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
        violations=tuple(_violations(target, found, wanted, save_to)),
        notes=tuple(found.problems[:20]),
        not_reached=(f"{left} of {len(todo)} base schedules with their cancels",) if left else (),
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


def _violations(
    target: str, found: Findings, wanted: set[str], save_to: Path | None
) -> Iterable[Violation]:
    """The smallest witness of each rule, once, smallest first."""
    chosen: dict[str, Witness] = {}
    for (rule, _), witness in found.witnesses.items():
        if rule in wanted:
            chosen[str(witness.history.schedule)] = witness
    ordered = sorted(chosen.values(), key=lambda each: schedule_order(each.history.schedule))
    if not ordered:
        return
    with Simulation(target_named(target)) as simulation:
        for witness in ordered:
            yield _violation(target, witness, simulation, save_to)


def _violation(
    target: str, witness: Witness, simulation: Simulation, save_to: Path | None
) -> Violation:
    schedule = witness.history.schedule
    verdict = Verdict.worst(judgement.verdict for judgement in witness.judgements)
    against = [each for each in witness.judgements if each.verdict is verdict]
    scenario = Scenario(
        name=f"{target.rpartition(':')[2]}-{against[0].rule}",
        symptom=against[0].reason,
        target=target,
        schedule=schedule,
        expect=verdict,
        rules=tuple(each.rule for each in against),
    )
    saved_to = None
    if save_to is not None:
        save_to.mkdir(parents=True, exist_ok=True)
        path = save_to / f"{scenario.name}.toml"
        path.write_text(dump_scenario(scenario), encoding="utf-8")
        saved_to = str(path)
    return Violation(
        scenario,
        witness.history,
        witness.judgements,
        neighbour=_passing_neighbour(simulation, witness.history),
        saved_to=saved_to,
    )


def _passing_neighbour(simulation: Simulation, history: History) -> History | None:
    """The same schedule without its faults, if that passes."""
    schedule = history.schedule
    if not schedule.faults:
        return None
    neighbour = simulation.run(replace(schedule, faults=())).history
    passes = Verdict.worst(each.verdict for each in judge(neighbour)) is Verdict.HOLDS
    return neighbour if passes else None
