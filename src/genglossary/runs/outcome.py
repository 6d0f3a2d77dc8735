"""How a run ended: decided once, in memory, whatever the database does afterwards."""

import re
from dataclasses import dataclass
from typing import Literal

MESSAGE_LIMIT = 500
"""The longest error message stored, in characters."""

_PATH = re.compile(
    r"""
    (?P<quote>['"]) (?: [A-Za-z]:[\\/] | \\\\ | ~?/ ) .*? (?P=quote)   # may contain spaces
    | file:/+ [^\s'"]+
    | (?<! [\w/.~-] ) ~?/ (?!/) [^\s'"]+
    | \b [A-Za-z]:[\\/] (?!/) [^\s'"]+
    | \\\\ [^\s'"]+
    """,
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is to be recorded about a run.

    Attributes:
        status: The terminal status.
        message: The cause of a failure, fit to be stored and shown; None otherwise.
    """

    status: Literal["completed", "cancelled", "failed"]
    message: str | None = None


COMPLETED = Outcome("completed")
CANCELLED = Outcome("cancelled")


def failed(error: BaseException) -> Outcome:
    """Return the outcome of a run that ended with this error."""
    return Outcome("failed", describe_error(error))


def decide(ending: Outcome, *, cancel_accepted: bool) -> Outcome:
    """Settle the outcome: a cancel that was accepted wins over any ending of the pipeline.

    The caller holds the lock under which cancels are accepted.
    """
    return CANCELLED if cancel_accepted else ending


def describe_error(error: BaseException) -> str:
    """Describe an error in one printable line of bounded length that names no path.

    Paths are recognised when they are absolute. One with spaces must be in quotes, as Python's
    own messages have it, to be masked to its end.
    """
    try:
        text = str(error)
    except Exception:  # noqa: BLE001 - an error that cannot be told still has a class
        text = "(no message)"
    text = _PATH.sub("<path>", text)
    text = "".join(character if character.isprintable() else " " for character in text)
    return f"{type(error).__name__}: {text}".rstrip(": ")[:MESSAGE_LIMIT]
