"""What the command's exit code says; documented in its help."""

from __future__ import annotations

HOLDS, BROKEN, USAGE, UNKNOWN, HARNESS = 0, 1, 2, 3, 4

UNTESTABLE = 125
"""A checkout that tells nothing of this scenario: `git bisect run` passes over it."""


def exit_code(verdict: str) -> int:
    """The exit code for a verdict.

    A verdict is its own text, so `--help` starts without the model.
    """
    return {"holds": HOLDS, "broken": BROKEN, "unknown": UNKNOWN}[verdict]
