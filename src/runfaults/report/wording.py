"""The words that all formats of a result share."""

from __future__ import annotations

import shlex

from runfaults.model import CheckResult, Region, Tally, Verdict, Violation
from runfaults.report.steps import printable


def headline(result: CheckResult) -> str:
    """The verdict in one line."""
    tally, counted = result.schedules, result.counted
    match result.verdict:
        case Verdict.BROKEN:
            return (
                f"broken by {tally.broken:,} of {tally.total:,} {counted}{_unknown(tally)}"
                f"{'' if result.finished else '; the bound was not covered'}"
            )
        case Verdict.HOLDS:
            return (
                f"holds under all {tally.total:,} {counted}: {result.exercised} of "
                f"{len(result.rules)} rules exercised"
            )
        case Verdict.UNFINISHED:
            return (
                f"unfinished: no violation in the {tally.total:,} of at least "
                f"{max(result.at_least, tally.total):,} {counted} that ran"
            )
        case _:
            return f"unknown: {_why_unknown(result)}"


def _why_unknown(result: CheckResult) -> str:
    tally, counted = result.schedules, result.counted
    if not tally.total and not result.interrupted:
        return f"there were no {counted}"
    if tally.unknown:
        return f"{tally.unknown:,} of {tally.total:,} {counted} could not be judged, 0 violations"
    if result.notes:
        return "not every schedule could be played as written, which is a bug in runfaults"
    if result.doubts:
        return "not every schedule gave the same history again"
    if not result.exercised and not result.interrupted:
        return f"no rule was exercised by the {tally.total:,} {counted}"
    return f"it was interrupted; no violation in the {tally.total:,} {counted} that ran"


def describe_region(region: Region) -> str:
    """A region of the bound in words, and how much of it was run."""
    pruned = f", {region.pruned:,} pruned as equivalent" if region.pruned else ""
    return f"{region.description}: {region.schedules:,} run{pruned}"


def describe_duration(seconds: float) -> str:
    """Real time, in words."""
    tenths = round(seconds, 1)
    minutes, rest = divmod(round(seconds), 60)
    return f"{tenths:.1f} s" if tenths < 60 else f"{minutes} min {rest} s"  # noqa: PLR2004


def describe_rule(result: CheckResult, rule: str) -> str:
    """The outcome of a rule in words, and how many schedules gave it."""
    tally, verdict = result.rules[rule], result.verdict_of(rule)
    match verdict:
        case Verdict.BROKEN:
            return f"broken by {tally.broken:,} of {tally.total:,}{_unknown(tally)}"
        case Verdict.UNKNOWN:
            return f"unknown: {tally.unknown:,} of {tally.total:,} could not be judged"
        case Verdict.NOT_EXERCISED:
            return f"not exercised by any of {tally.total:,}"
        case _ if tally.exercised is None:
            return str(verdict)
        case _:
            return f"{verdict}; exercised by {tally.exercised:,} of {tally.total:,}"


def replay_command(violation: Violation) -> str:
    """The command that reproduces the violation; empty if it was not saved."""
    if violation.saved_to is None:
        return ""
    return f"runfaults replay {shlex.quote(printable(violation.saved_to))}"


def _unknown(tally: Tally) -> str:
    return f", {tally.unknown:,} could not be judged" if tally.unknown else ""
