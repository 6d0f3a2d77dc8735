"""What the command's exit code says; documented in its help."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from runfaults.model import CheckResult

HOLDS, BROKEN, USAGE, UNKNOWN, HARNESS = 0, 1, 2, 3, 4

UNTESTABLE = 125
"""A checkout that tells nothing of this scenario: `git bisect run` passes over it."""


_CODES = {
    "not exercised": UNKNOWN,
    "holds": HOLDS,
    "nothing new": HOLDS,
    "unfinished": HOLDS,
    "unknown": UNKNOWN,
    "broken": BROKEN,
}


def exit_code(verdict: str) -> int:
    """The exit code for a verdict: its own text, so `--help` starts without the model."""
    return _CODES[verdict]


def exit_code_of(result: CheckResult) -> int:
    """The exit code for a result: that of its verdict.

    Where a schedule could not be played as written, which is a bug in runfaults, that is told
    unless a rule is broken.
    """
    code = exit_code(result.verdict)
    return HARNESS if result.notes and code != BROKEN else code
