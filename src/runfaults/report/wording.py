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
        case Verdict.NOTHING_NEW:
            return (
                f"nothing new: {result.set_aside:,} of {tally.total + result.set_aside:,} "
                f"{counted} are broken, all in ways that the baseline knows"
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
    reasons = (
        (not tally.total and not result.interrupted, f"there were no {counted}"),
        (
            result.notes,
            "not every schedule could be played as written, which is a bug in runfaults",
        ),
        (
            tally.unknown,
            f"{tally.unknown:,} of {tally.total:,} {counted} could not be judged, 0 violations",
        ),
        (result.doubts, "not every schedule gave the same history again"),
        (result.unstruck, _nowhere(result.unstruck)),
        (
            not result.exercised and not result.interrupted,
            f"no rule was exercised by the {tally.total:,} {counted}",
        ),
    )
    interrupted = f"it was interrupted; no violation in the {tally.total:,} {counted} that ran"
    return next((reason for applies, reason in reasons if applies), interrupted)


def _nowhere(kinds: tuple[str, ...]) -> str:
    return (
        f"no fault could strike anywhere, of {', '.join(kinds)}; `runfaults points` lists which "
        "kinds can"
    )


def describe_region(region: Region) -> str:
    """A region of the bound in words, and how much of it was run."""
    pruned = f", {region.pruned:,} pruned as equivalent" if region.pruned else ""
    ran = f"{region.schedules:,} run"
    if region.compared:
        ran = f"{region.compared:,} compared"
    return f"{region.description}: {ran}{pruned}"


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
