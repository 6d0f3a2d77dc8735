"""The command to type next, after a check has ended in one way or another."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence

from runfaults.campaign.settings import own_folder
from runfaults.model import CheckResult, EarlyEnd, EventKind, Verdict
from runfaults.report.console import print_lines
from runfaults.report.typed import typed
from runfaults.report.wording import replay_command
from runfaults.scenario.trust import option_for

_LARGER = {"quick": "default", "default": "nightly"}
"""The bound that runs more than another one."""

_CRASH = ("check", "--bound", "crash")
"""What `crash` is short for, and has the options that it lacks."""


def print_next_steps(result: CheckResult, bound: str) -> None:
    """Print them for a person: the last line of the report is the verdict."""
    for purpose, command in next_steps(result, bound, sys.argv[1:]):
        name_command(purpose, command)


def name_command(purpose: str, command: str) -> None:
    """Print a command for a person, so on a terminal only.

    It has a line of its own, which is not wrapped: it is there to be copied.
    """
    if sys.stderr.isatty():
        print_lines(f"{purpose}:\n    {command}", sys.stderr)


def next_steps(result: CheckResult, bound: str, words: list[str]) -> Iterable[tuple[str, str]]:
    """What a command is for, and the command.

    Args:
        result: What the check found.
        bound: Name of what was run.
        words: The command that was typed, without `runfaults`.
    """
    replays = [text for each in result.violations if (text := replay_command(each))]
    if replays:
        yield _SEEING.get(_stuck(result), "to see one schedule step by step"), replays[0]
    words = [word for word in words if word != "--fail-fast"]
    tested = option_for(result.target)
    if not result.finished:
        yield _to_finish(result, words)
    elif result.notes:
        yield "to report the bug, add the notes above and the output of", "runfaults --version"
    elif result.unstruck:
        yield "to list which faults can strike where", typed(["points", *tested])
    elif result.verdict is Verdict.UNKNOWN and not replays:
        yield "to see what was understood of the target", typed(["check", *tested, "--explain"])
    elif result.verdict in {Verdict.HOLDS, Verdict.NOTHING_NEW}:
        yield _beyond(bound, words, tested)


def _to_finish(result: CheckResult, words: list[str]) -> tuple[str, str]:
    """What runs the rest of a bound."""
    match result.interrupted:
        case EarlyEnd.HANG:
            return "when the line that the remarks name is mended, to run it again", typed(words)
        case EarlyEnd.DEATHS:
            alone = [*without(words, "--jobs"), "--jobs", "1"]
            return "to see why its processes died", typed(alone)
        case None if not result.ran:
            return "to give it more time", typed([*without(words, "--budget"), "--budget", "5m"])
        case _ if "--state" in _names(words):
            return "to continue from here", typed(words)
        case _:
            command = [*_CRASH, *option_for(result.target)] if words[0] == "crash" else words
            return "to run it so that it can be continued", typed(
                [*command, "--state", str(own_folder() / "state")]
            )


def _beyond(bound: str, words: list[str], tested: Iterable[str]) -> tuple[str, str]:
    """What runs more than a bound that holds."""
    if bound in _LARGER:
        larger = [*without(words, "--bound"), "--bound", _LARGER[bound]]
        return "to run more schedules", typed(larger)
    return "to kill the process too", typed(["chaos" if bound == "crash" else "crash", *tested])


_SEEING = {
    "hang": "a thread waits for what is not under control, or takes too long; to see its line",
    "uncontrolled": "something happened that the simulation does not see; to see where",
    "deadlock": "the threads wait for each other; to see for what",
    "livelock": "the threads repeat the same steps; to see which",
}
"""What the command to replay shows, by what kept the schedule from its end."""


def _stuck(result: CheckResult) -> str:
    """What kept the first schedule that is shown from its end; empty if it came to it."""
    events = result.violations[0].history.events
    return next((event.subject for event in events if event.kind is EventKind.STUCK), "")


def _names(words: Iterable[str]) -> set[str]:
    return {word.partition("=")[0] for word in words}


def without(words: Sequence[str], *options: str) -> list[str]:
    """The words without options that have a value, in either form."""
    return [
        word
        for before, word in zip(["", *words], words, strict=False)
        if not {before, word.partition("=")[0]} & {*options}
    ]
