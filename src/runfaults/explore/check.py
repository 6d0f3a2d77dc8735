"""The main job: explore a target, judge every history, gather the result."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

from runfaults.explore.baseline import Baseline, set_aside
from runfaults.explore.bound import Bound
from runfaults.explore.exploration import Exploration, Manner, Progress, explore
from runfaults.explore.findings import Counted, Findings
from runfaults.explore.reality import confirm
from runfaults.explore.versions import versions
from runfaults.explore.violations import violations
from runfaults.model import Cell, CheckResult, FaultPoint, Region, Tally, Verdict
from runfaults.oracle.rules import RULES
from runfaults.sqlite.kinds import KINDS
from runfaults.targets import target_named
from runfaults.targets.target import exemptions, remarks

__all__ = ["Progress", "check", "conclude", "versions"]

MAX_PROBLEMS = 20
"""Problems of the harness that a result names."""


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
        enough: Asked again and again; True ends the check early.

    Returns:
        The result; after Ctrl-C the result so far, with what was not reached.

    Raises:
        TargetError: if the target cannot be tested.
    """
    exploration = explore(target, bound, progress, Manner(jobs, enough))
    return conclude(exploration, save_to=save_to, rules=rules)


def conclude(
    exploration: Exploration,
    *,
    save_to: Path | None = None,
    rules: Iterable[str] | None = None,
    baseline: Baseline | None = None,
) -> CheckResult:
    """What an exploration comes to, with every violation minimised and tried for real.

    Args:
        exploration: What was found.
        save_to: As for `check`.
        rules: As for `check`.
        baseline: Violations that are known: they are set aside, and the remarks say so.
    """
    found = exploration.found
    system = target_named(exploration.target)
    wanted = {rule.name for rule in RULES} if rules is None else set(rules)
    wanted -= set(exemptions(system))
    result = CheckResult(
        target=exploration.target,
        versions=versions(),
        regions=tuple(_regions(exploration)),
        schedules=found.tally() if rules is None else _worst_tally(found, wanted),
        elapsed=exploration.elapsed,
        rules={rule.name: found.tally(rule.name) for rule in RULES if rule.name in wanted},
        coverage=tuple(_cells(found)),
        notes=tuple(found.problems[:MAX_PROBLEMS]),
        not_reached=exploration.not_reached,
        remarks=(*remarks(system), *exploration.remarks),
    )
    if baseline is None:
        shown = tuple(violations(exploration.target, found, wanted, save_to))
        result = replace(result, violations=shown)
    else:
        result = set_aside(result, found, baseline, save_to)
    confirmed = tuple(replace(each, confirmed=confirm(each)) for each in result.violations)
    return replace(result, violations=confirmed)


def _regions(exploration: Exploration) -> Iterable[Region]:
    found = exploration.found
    for region, description in exploration.bound.regions(found.sampled).items():
        yield Region(description, *found.regions.get(region, Counted()))


def _worst_tally(found: Findings, rules: Iterable[str]) -> Tally:
    """Of all schedules, as the worst of a few rules judges them; exact for one rule."""
    tallies = [found.tally(rule) for rule in rules]
    broken = max((tally.broken for tally in tallies), default=0)
    unknown = max((tally.unknown for tally in tallies), default=0)
    total = found.verdicts.total()
    unknown = min(unknown, total - broken)
    return Tally(total - broken - unknown, broken, unknown)


def _cells(found: Findings) -> Iterable[Cell]:
    struck = {(point, kind) for point, kind, _ in found.cells}
    for point, kind in sorted(struck | found.impossible.keys(), key=_in_grid):
        tally = Tally(
            *(
                found.cells[point, kind, verdict]
                for verdict in (Verdict.HOLDS, Verdict.BROKEN, Verdict.UNKNOWN)
            )
        )
        impossible = "" if (point, kind) in struck else found.impossible[point, kind]
        yield Cell(point, kind, tally, impossible)


def _in_grid(cell: tuple[str, str]) -> tuple[FaultPoint, int]:
    """Points by actor and operation, kinds as in the catalogue: the same in every process."""
    point, kind = cell
    return FaultPoint.parse(point), list(KINDS).index(kind)
