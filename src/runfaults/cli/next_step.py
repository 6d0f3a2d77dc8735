"""The command to type next, after a check has ended in one way or another."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterable

import click

from runfaults.model import CheckResult, Verdict
from runfaults.report.steps import printable
from runfaults.report.wording import replay_command
from runfaults.scenario.trust import option_for

_LARGER = {"quick": "default", "default": "nightly"}
"""The bound that runs more than another one."""

_CRASH = ("check", "--bound", "crash")
"""What `crash` is short for, and has the options that it lacks."""

STATE = ".runfaults/state"
"""Where a check that was not told to keep its jobs can keep them the next time."""


def print_next_steps(result: CheckResult, bound: str) -> None:
    """Print them for a person: the last line of the report is the verdict."""
    for purpose, command in next_steps(result, bound, sys.argv[1:]):
        name_command(purpose, command)


def name_command(purpose: str, command: str) -> None:
    """Print a command for a person, so on a terminal only.

    It has a line of its own, which is not wrapped: it is there to be copied.
    """
    if sys.stderr.isatty():
        click.echo(f"{purpose}:\n    {printable(command)}", err=True)


def next_steps(result: CheckResult, bound: str, words: list[str]) -> Iterable[tuple[str, str]]:
    """What a command is for, and the command.

    Args:
        result: What the check found.
        bound: Name of what was run.
        words: The command that was typed, without `runfaults`.
    """
    replays = [text for each in result.violations if (text := replay_command(each))]
    tested = option_for(result.target)
    words = [word for word in words if word != "--fail-fast"]
    if replays:
        yield "to see one schedule step by step", replays[0]
    if not result.finished and words[0] == "crash":
        yield "to run it so that it can be continued", _typed([*_CRASH, *tested, "--state", STATE])
    elif not result.finished and "--state" in _names(words):
        yield "to continue from here", _typed(words)
    elif not result.finished:
        yield "to run it so that it can be continued", _typed([*words, "--state", STATE])
    elif result.notes:
        yield "to report the bug, add the notes above and the output of", "runfaults --version"
    elif result.unstruck:
        yield "to list which faults can strike where", _typed(["points", *tested])
    elif result.verdict is Verdict.UNKNOWN and not replays:
        yield "to see what was understood of the target", _typed(["check", *tested, "--explain"])
    elif result.verdict in {Verdict.HOLDS, Verdict.NOTHING_NEW} and bound in _LARGER:
        yield (
            "to run more schedules",
            _typed([*_without(words, "--bound"), "--bound", _LARGER[bound]]),
        )
    elif result.verdict in {Verdict.HOLDS, Verdict.NOTHING_NEW}:
        other = "chaos" if bound == "crash" else "crash"
        yield "to kill the process too", _typed([other, *tested])


def _names(words: Iterable[str]) -> set[str]:
    return {word.partition("=")[0] for word in words}


def _without(words: list[str], option: str) -> list[str]:
    """The words without an option that has a value, in either form."""
    return [
        word
        for before, word in zip(["", *words], words, strict=False)
        if option not in {before, word.partition("=")[0]}
    ]


def _typed(words: Iterable[str]) -> str:
    return shlex.join(["runfaults", *words])
