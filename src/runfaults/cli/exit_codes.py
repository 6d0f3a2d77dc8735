"""What the command's exit code says; documented in its help."""

from __future__ import annotations

HOLDS, BROKEN, USAGE, UNKNOWN, HARNESS = 0, 1, 2, 3, 4

UNTESTABLE = 125
"""A checkout that tells nothing of this scenario: `git bisect run` passes over it."""


_CODES = {
    "not exercised": UNKNOWN,
    "holds": HOLDS,
    "unfinished": HOLDS,
    "unknown": UNKNOWN,
    "broken": BROKEN,
}


def exit_code(verdict: str, *, harness_failed: bool = False) -> int:
    """The exit code for a verdict.

    A verdict is its own text, so `--help` starts without the model.

    Args:
        verdict: As every report shows it.
        harness_failed: Whether a schedule could not be played as written: a bug in runfaults, which
            is told unless a rule is broken.
    """
    code = _CODES[verdict]
    return HARNESS if harness_failed and code != BROKEN else code
