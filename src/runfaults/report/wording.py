"""The words that all formats of a result share."""

from __future__ import annotations

import shlex

from runfaults.model import CheckResult, Region, Tally, Verdict, Violation
from runfaults.report.steps import printable


def headline(result: CheckResult) -> str:
    """The verdict in one line."""
    tally, counted = result.schedules, result.counted
    unfinished = "" if result.finished else "; the bound was not covered"
    return {
        Verdict.HOLDS: f"holds under all {tally.total:,} {counted}, 0 violations{unfinished}",
        Verdict.BROKEN: (
            f"broken by {tally.broken:,} of {tally.total:,} {counted}{_unknown(tally)}{unfinished}"
        ),
        Verdict.UNKNOWN: (
            f"unknown: {tally.unknown:,} of {tally.total:,} {counted} could not be judged, "
            f"0 violations{unfinished}"
        ),
    }[result.verdict]


def describe_region(region: Region) -> str:
    """What a region of the bound has, and how much of it was run."""
    pruned = f", {region.pruned:,} pruned as equivalent" if region.pruned else ""
    return f"{region.description}: {region.schedules:,} run{pruned}"


def describe_duration(seconds: float) -> str:
    """Real time, in words."""
    tenths = round(seconds, 1)
    minutes, rest = divmod(round(seconds), 60)
    return f"{tenths:.1f} s" if tenths < 60 else f"{minutes} min {rest} s"  # noqa: PLR2004


def describe_tally(tally: Tally) -> str:
    """A rule's verdict and how many schedules gave it."""
    return {
        Verdict.HOLDS: "holds",
        Verdict.BROKEN: f"broken by {tally.broken:,} of {tally.total:,}{_unknown(tally)}",
        Verdict.UNKNOWN: f"unknown: {tally.unknown:,} of {tally.total:,} could not be judged",
    }[tally.verdict]


def replay_command(violation: Violation) -> str:
    """The command that reproduces the violation; empty if it was not saved."""
    if violation.saved_to is None:
        return ""
    return f"runfaults replay {shlex.quote(printable(violation.saved_to))}"


def _unknown(tally: Tally) -> str:
    return f", {tally.unknown:,} could not be judged" if tally.unknown else ""
