"""The words that all formats of a result share."""

from __future__ import annotations

from runfaults.model import CheckResult, History, Place, Region, Tally, Verdict, Violation
from runfaults.model.counting import counted
from runfaults.report.steps import printable
from runfaults.report.typed import typed

MOST_PRINTED_LINES = 20
"""Lines that reports show of what a target printed."""

LONGEST_PRINTED = 500
"""Characters that they show of such a line."""


def headline(result: CheckResult) -> str:
    """The verdict in one line."""
    tally, ran = result.schedules, counted(result.ran, result.noun)
    match result.verdict:
        case Verdict.BROKEN:
            because = f": {result.interrupted}" if result.interrupted else ""
            left = "" if result.finished else f"; the bound was not covered{because}"
            return f"broken by {tally.broken:,} of {ran}{_unknown(tally)}{left}"
        case Verdict.HOLDS:
            return (
                f"holds under all {ran}: {result.exercised} of {len(result.rules)} rules exercised"
            )
        case Verdict.NOTHING_NEW:
            return (
                f"nothing new: {result.set_aside:,} of {ran} are broken, "
                "all in ways that the baseline knows"
            )
        case Verdict.UNFINISHED:
            return (
                f"unfinished: no {_new(result)}violation in the {result.ran:,} of at least "
                f"{counted(max(result.at_least, result.ran), result.noun)} that ran"
            )
        case _:
            return f"unknown: {_why_unknown(result)}"


def _why_unknown(result: CheckResult) -> str:
    tally, ran, those = result.schedules, counted(result.ran, result.noun), f"{result.noun}s"
    ran_none, new = not result.ran, _new(result)
    reasons = (
        (
            ran_none and result.not_reached and not result.interrupted,
            f"the time was over before the first of the {those}",
        ),
        (ran_none and not result.interrupted, f"there were no {those}"),
        (
            result.notes,
            "not every schedule could be played as written, which is a bug in runfaults",
        ),
        (
            tally.unknown,
            f"{tally.unknown:,} of {ran} could not be judged, 0 {new}violations",
        ),
        (result.doubts, "not every schedule gave the same history again"),
        (result.unstruck, _nowhere(result.unstruck)),
        (
            not result.exercised and not result.interrupted,
            f"no rule was exercised by the {ran}",
        ),
    )
    interrupted = f"{result.interrupted}; no {new}violation in the {ran} that ran"
    return next((reason for applies, reason in reasons if applies), interrupted)


def _new(result: CheckResult) -> str:
    """Which violations there are none of, where a baseline knows others."""
    return "new " if result.set_aside else ""


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


def describe_where(violation: Violation) -> tuple[str, ...]:
    """Where in the user's code it was decided, and what was struck: lines, none if unknown."""
    cause = violation.cause
    if cause is None:
        return ()
    decided, statement, struck = cause.decided_at, cause.statement_at, cause.struck_at
    lines = [f"{cause.deed} at {_line(decided)}"] if decided else [cause.deed]
    if cause.called_at:
        lines.append(f"called from {cause.called_at}")
    if statement:
        lines.append(f"by the statement at {statement}")
    if struck and struck not in {decided, statement}:
        lines.append(f"struck at {_line(struck)}")
    elif struck:
        lines.append("struck there")
    return tuple(map(printable, lines))


def describe_printed(history: History, most: int = MOST_PRINTED_LINES) -> str:
    """What the target printed, of many lines the last; empty if it printed nothing."""
    lines = [_shortened(line) for line in printable(history.printed).rstrip().splitlines()]
    left = len(lines) - most
    cut = [f"({left:,} lines before these are left out; `runfaults replay` shows them)"]
    return "\n".join([*cut, *lines[left:]] if left > 0 else lines)


def _shortened(line: str) -> str:
    left = len(line) - LONGEST_PRINTED
    return f"{line[:LONGEST_PRINTED]}… ({left:,} more characters)" if left > 0 else line


def _line(place: Place) -> str:
    return f"{place}: {place.code}{_REST.get(place.code[-1], '')}" if place.code else str(place)


_REST = {"(": "...)", "[": "...]", "{": "...}"}
"""What stands for the further lines of a statement, by what its first line ends with."""


def describe_extent(violation: Violation) -> str:
    """In how many schedules it was seen, and what else they break; empty if that is not known."""
    cause = violation.cause
    if cause is None:
        return ""
    shown = {each.rule for each in violation.failing}
    others = [rule for rule in cause.rules if rule not in shown]
    also = f"; some of them also break {', '.join(others)}" if others else ""
    return f"seen in {counted(cause.schedules, 'schedule')}{also}"


def describe_repair(violation: Violation) -> str:
    """The sentence of the contract that was broken, and its page; empty if there is none."""
    cause = violation.cause
    return f"{cause.contract} ({cause.page})" if cause is not None and cause.contract else ""


def replay_command(violation: Violation) -> str:
    """The command that reproduces the violation; empty if it was not saved."""
    if violation.saved_to is None:
        return ""
    return typed(("replay", violation.saved_to, *violation.asking))


def _unknown(tally: Tally) -> str:
    return f", {tally.unknown:,} could not be judged" if tally.unknown else ""
