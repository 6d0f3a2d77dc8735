"""The only way from findings to a result."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from math import inf
from pathlib import Path

from runfaults.campaign.baseline import Baseline, without_known
from runfaults.campaign.budget import Budget
from runfaults.campaign.campaign import Campaign
from runfaults.campaign.causes import find_causes
from runfaults.campaign.confirm import confirm
from runfaults.campaign.lines import place_of
from runfaults.campaign.placing import PlacedRunner, place
from runfaults.campaign.running import Options, Outcome, run_campaign
from runfaults.campaign.violations import recurring, violations
from runfaults.explore.findings import Findings, RunCount
from runfaults.explore.runner import rules_for
from runfaults.explore.strategy import Strategy
from runfaults.explore.versions import versions
from runfaults.model import Cell, CheckResult, FaultPoint, Region, Tally, Verdict
from runfaults.model.counting import counted
from runfaults.model.listener import Listener
from runfaults.oracle.own import own_rules
from runfaults.scenario.saving import ScenarioFolder
from runfaults.sim.misfortunes import EVERY_FAULT
from runfaults.targets import target_named
from runfaults.targets.target import remarks
from runfaults.user_code import interruptions

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
    should_stop: Callable[[], bool] = lambda: False,
) -> CheckResult:
    """Make the result of a campaign's findings: a violation for each cause, shrunk and confirmed.

    Args:
        campaign: What was run.
        outcome: What was found.
        save_to: Folder for the scenario files of violations; None to save none. Where it takes
            none, the result says so, and is whole all the same.
        baseline: Violations that are known: they are set aside, and the remarks say so.
        should_stop: Asked again and again; True ends early what is done for single violations, as
            an interruption does: at once, or after `GRACE` where it ended the campaign.
    """
    before = interruptions.count
    hurry = Budget(GRACE if before or outcome.interrupted else inf)

    def should_end() -> bool:
        return interruptions.count > before or hurry.over() or should_stop()

    if not outcome.found.witnesses and baseline is None:
        return _result(campaign, outcome, outcome.found)
    folder = None if save_to is None else ScenarioFolder(save_to)
    with campaign.open_player() as player:
        runner = campaign.runner(player)
        if outcome.left:  # the last job may have ended before it looked where it was broken
            placed = PlacedRunner(runner)
            placed.should_stop = should_end
            place(placed, outcome.found)
        found = recurring(runner, outcome.found, should_end)
        causes = find_causes(campaign.strategies, runner, found, should_end)
        causes = replace(causes, told=outcome.told)
        result = _result(campaign, outcome, found)
        if baseline is None:
            shown = tuple(violations(campaign, runner, found, causes, folder, should_end))
            remarks_too = (*result.remarks, *causes.remarks)
            result = replace(result, violations=shown, remarks=remarks_too)
        else:
            result = without_known(
                campaign, runner, result, found, causes, baseline, folder, should_end
            )
    confirmed = tuple(
        replace(each, evidence=None if should_end() else confirm(each))
        for each in result.violations
    )
    cut_short = (_CUT_SHORT,) if confirmed and should_end() else ()
    return replace(
        result,
        violations=confirmed,
        remarks=(*result.remarks, *cut_short),
        unwritten=(*result.unwritten, *(folder.unwritten if folder is not None else ())),
    )


GRACE = 5.0
"""Real seconds for minimising and confirming after Ctrl-C: CI kills a job soon after SIGTERM."""

_CUT_SHORT = (
    "there was no time left to minimise and to confirm every violation: `runfaults minimise FILE` "
    "and `runfaults replay --real FILE` do it"
)


def _result(campaign: Campaign, outcome: Outcome, found: Findings) -> CheckResult:
    """Make the result, without the violations themselves."""
    system = target_named(campaign.target)
    rules = rules_for(system, campaign.rules, own_rules(campaign.own))
    return CheckResult(
        target=campaign.target,
        versions=versions(),
        regions=tuple(_regions(outcome.strategies or campaign.strategies, found)),
        schedules=found.tally(),
        elapsed=outcome.elapsed,
        rules={rule.name: found.tally(rule.name) for rule in rules},
        coverage=tuple(_cells(found)),
        notes=tuple(found.problems[:MAX_PROBLEMS]),
        doubts=tuple(found.doubts[:MAX_PROBLEMS]),
        unstruck=() if outcome.left else _unstruck(outcome.strategies, found),
        not_reached=outcome.not_reached,
        interrupted=outcome.interrupted,
        at_least=found.verdicts.total() + outcome.left,
        remarks=(*remarks(system), *outcome.remarks, *_abandoned(found), *sorted(found.in_vain)),
        unwritten=outcome.unwritten,
    )


def _unstruck(strategies: Iterable[Strategy], found: Findings) -> tuple[str, ...]:
    """The kinds that were to strike, if none of them could, anywhere."""
    wanted = dict.fromkeys(kind for each in strategies for kind in each.strikes)
    struck = {kind for _point, kind, _verdict in found.cells}
    return () if struck & wanted.keys() else tuple(wanted)


def _abandoned(found: Findings) -> Iterator[str]:
    if found.abandoned:
        first, *more = sorted(found.abandoned)
        others = f"; so were others, opened at {counted(len(more), 'more place')}" if more else ""
        place = place_of(first)
        where = f"at {place}: {place.code}" if place else "in a package"
        yield (
            "a connection was not closed, but left to the garbage collector, as Python 3.13 warns "
            f"of: opened {where}{others}"
        )


def _regions(strategies: Iterable[Strategy], found: Findings) -> Iterator[Region]:
    """Each strategy's schedules; two strategies that say the same are one region."""
    told = {each.describe(): each.describe(found.sampled) for each in strategies}
    for region, description in told.items():
        yield Region(description, *found.regions.get(region, RunCount()))


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


_COLUMNS = {kind: number for number, kind in enumerate(EVERY_FAULT)}
