"""What came of one fault at one operation."""

from __future__ import annotations

from dataclasses import dataclass

from runfaults.anomaly.promises import Broken
from runfaults.model.verdict import Verdict
from runfaults.sqlite.likelihood import Likelihood
from runfaults.sqlite.strike import Strike
from runfaults.sqlite.survey import Surveyed


@dataclass(frozen=True, slots=True)
class Outcome:
    """A fault at an operation of the call, judged.

    Attributes:
        strike: What struck.
        seen: The operation, as the clean run performed it.
        broken: The promises that were broken, the first cause first.
        unknown: Why it cannot be judged; empty if it can.
        remarks: What was seen and is no violation, in a line each.
        returned: Whether the call returned, although the fault struck.
    """

    strike: Strike
    seen: Surveyed
    broken: tuple[Broken, ...] = ()
    unknown: str = ""
    remarks: tuple[str, ...] = ()
    returned: bool = False

    @property
    def verdict(self) -> Verdict:
        """Holds, broken or unknown."""
        if self.unknown:
            return Verdict.UNKNOWN
        return Verdict.BROKEN if self.broken else Verdict.HOLDS

    @property
    def likelihood(self) -> Likelihood:
        """How likely the fault is at this operation."""
        return self.seen.kinds.get(self.strike.kind, Likelihood.MISTAKE)

    def __str__(self) -> str:
        head = f"{self.strike} {self.seen}"
        if self.unknown:
            return f"{head}: unknown: {self.unknown}"
        return f"{head}: {'; '.join(each.what for each in self.broken) or 'holds'}"
