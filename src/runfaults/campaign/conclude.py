"""The only way from findings to a result."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from runfaults.campaign.baseline import Baseline, set_aside
from runfaults.campaign.campaign import Campaign
from runfaults.campaign.confirm import confirm
from runfaults.campaign.running import Options, Outcome, run_campaign
from runfaults.campaign.violations import violations
from runfaults.explore.findings import Counted, Findings
from runfaults.explore.runner import rules_for
from runfaults.explore.versions import versions
from runfaults.model import Cell, CheckResult, FaultPoint, Region, Tally, Verdict
from runfaults.model.listener import Listener
from runfaults.sqlite.real.lasting import EVERY_KIND
from runfaults.targets import target_named
from runfaults.targets.target import remarks

MAX_PROBLEMS = 20
"""Problems of the harness that a result names."""


def check(
    campaign: Campaign,
    options: Options,
    listener: Listener,
    *,
    save_to: Path | None = None,
) -> CheckResult:
    """Run a campaign to its result; see `run_campaign` and `conclude`."""
    return conclude(campaign, run_campaign(campaign, options, listener), save_to=save_to)


def conclude(
    campaign: Campaign,
    outcome: Outcome,
    *,
    save_to: Path | None = None,
    baseline: Baseline | None = None,
) -> CheckResult:
    """What a campaign's findings say, with every violation minimised and tried for real.

    Args:
        campaign: What was run.
        outcome: What was found.
        save_to: Folder for the scenario files of violations; None to save none.
        baseline: Violations that are known: they are set aside, and the remarks say so.
    """
    found = outcome.found
    system = target_named(campaign.target)
    judging = [rule.name for rule in rules_for(system)]
    wanted = [name for name in judging if campaign.reports(name)]
    result = CheckResult(
        target=campaign.target,
        versions=versions(),
        regions=tuple(_regions(campaign, found)),
        schedules=found.tally() if campaign.rules is None else _worst_tally(found, wanted),
        elapsed=outcome.elapsed,
        rules={name: found.tally(name) for name in wanted},
        coverage=tuple(_cells(found)),
        notes=tuple(found.problems[:MAX_PROBLEMS]),
        doubts=tuple(found.doubts[:MAX_PROBLEMS]),
        not_reached=outcome.not_reached,
        interrupted=outcome.interrupted,
        at_least=found.verdicts.total() + outcome.left,
        remarks=(*remarks(system), *outcome.remarks),
    )
    if baseline is None:
        shown = tuple(violations(campaign, found, set(wanted), save_to))
        result = replace(result, violations=shown)
    else:
        result = set_aside(campaign, result, found, baseline, save_to)
    confirmed = tuple(replace(each, confirmed=confirm(each)) for each in result.violations)
    return replace(result, violations=confirmed)


def _regions(campaign: Campaign, found: Findings) -> Iterator[Region]:
    """Each strategy's schedules; two strategies that say the same are one region."""
    told = {each.describe(): each.describe(found.sampled) for each in campaign.strategies}
    for region, description in told.items():
        yield Region(description, *found.regions.get(region, Counted()))


def _worst_tally(found: Findings, rules: Iterable[str]) -> Tally:
    """Of all schedules, as the worst of a few rules judges them; exact for one rule."""
    tallies = [found.tally(rule) for rule in rules]
    broken = max((tally.broken for tally in tallies), default=0)
    unknown = max((tally.unknown for tally in tallies), default=0)
    total = found.verdicts.total()
    unknown = min(unknown, total - broken)
    return Tally(total - broken - unknown, broken, unknown)


def _cells(found: Findings) -> Iterator[Cell]:
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


def _in_grid(cell: tuple[str, str]) -> tuple[FaultPoint, int, str]:
    """Points by actor and operation, kinds as in the catalogue: the same in every process."""
    point, kind = cell
    return FaultPoint.parse(point), _COLUMNS.get(kind, len(_COLUMNS)), kind


_COLUMNS = {kind: number for number, kind in enumerate(EVERY_KIND)}
