"""Verdicts of a rule on a history."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple


class Verdict(StrEnum):
    """The verdict of a rule, or of a check; from the best to the worst.

    A rule judges a history as holds, unknown or broken. A hung run or a crashed rule is unknown,
    never a pass. The others are of many schedules.
    """

    NOT_EXERCISED = "not exercised"
    """Of a rule: its question came up in no schedule, so nothing was tested."""
    HOLDS = "holds"
    NOTHING_NEW = "nothing new"
    """Every violation is one that the user's baseline knows."""
    UNFINISHED = "unfinished"
    """No violation so far, and a budget that the user chose ended the check."""
    UNKNOWN = "unknown"
    BROKEN = "broken"

    @classmethod
    def worst(cls, verdicts: Iterable[Verdict]) -> Verdict:
        """The worst of several; holds if there are none."""
        return max(verdicts, key=_BADNESS.__getitem__, default=cls.HOLDS)


_BADNESS = {verdict: badness for badness, verdict in enumerate(Verdict)}

OF_ONE_HISTORY = (Verdict.HOLDS, Verdict.UNKNOWN, Verdict.BROKEN)
"""The verdicts that a scenario may expect."""


class Judgement(NamedTuple):
    """One rule's verdict on one history.

    Attributes:
        rule: Name of the rule.
        verdict: What it says.
        reason: One sentence; empty where the rule holds.
        evidence: Numbers of the events that prove it, in order.
        exercised: Whether the rule's question came up in the history: a cancel was accepted, a
            process died. A rule that holds where it did not come up was not tested.
    """

    rule: str
    verdict: Verdict
    reason: str = ""
    evidence: tuple[int, ...] = ()
    exercised: bool = True
