"""What a rule finds in a history: something that breaks it, or something it cannot know."""

from __future__ import annotations

from typing import NamedTuple

from runfaults.model import Event, Verdict


class Finding(NamedTuple):
    """One reason why a rule does not simply hold.

    Attributes:
        verdict: Broken or unknown.
        reason: One sentence that names run, fact and event.
        evidence: Numbers of the events that prove it, in order.
    """

    verdict: Verdict
    reason: str
    evidence: tuple[int, ...]


def broken(reason: str, *evidence: Event) -> Finding:
    """The rule is broken: these events prove it, whatever comes after them."""
    return Finding(Verdict.BROKEN, reason, _numbers(evidence))


def unknown(reason: str, *evidence: Event) -> Finding:
    """The history does not tell what the rule has to know."""
    return Finding(Verdict.UNKNOWN, reason, _numbers(evidence))


def _numbers(events: tuple[Event, ...]) -> tuple[int, ...]:
    return tuple(sorted({event.number for event in events}))
