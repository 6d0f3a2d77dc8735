"""What a rule says of a history."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple


class Verdict(StrEnum):
    """Holds, broken or unknown. A hung run or a crashed rule is unknown, never a pass."""

    HOLDS = "holds"
    UNKNOWN = "unknown"
    BROKEN = "broken"

    @classmethod
    def worst(cls, verdicts: Iterable[Verdict]) -> Verdict:
        """The worst of several: broken, else unknown, else holds. Holds if there are none."""
        return max(verdicts, key=_BADNESS.__getitem__, default=cls.HOLDS)


_BADNESS = {verdict: badness for badness, verdict in enumerate(Verdict)}


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
