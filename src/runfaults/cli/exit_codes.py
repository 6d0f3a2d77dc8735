"""What the command's exit code says; documented in its help."""

from __future__ import annotations

from runfaults.model import Verdict

HOLDS, BROKEN, USAGE, UNKNOWN, HARNESS = 0, 1, 2, 3, 4

UNTESTABLE = 125
"""A checkout that tells nothing of this scenario: `git bisect run` passes over it."""


def exit_code(verdict: Verdict) -> int:
    """The exit code for a verdict."""
    return {Verdict.HOLDS: HOLDS, Verdict.BROKEN: BROKEN, Verdict.UNKNOWN: UNKNOWN}[verdict]
