"""What came of one fault at one operation."""

from __future__ import annotations

from collections.abc import Iterable
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


@dataclass(frozen=True, slots=True)
class Cause:
    """A promise that is broken, with all that break it, the likeliest and simplest first.

    Many faults have few causes: outcomes that break the same promise are told as one.

    Attributes:
        promise: Its name.
        outcomes: What breaks it; never empty.
    """

    promise: str
    outcomes: tuple[Outcome, ...]

    @property
    def example(self) -> Outcome:
        """The one that is told in full."""
        return self.outcomes[0]


def causes(outcomes: Iterable[Outcome]) -> list[Cause]:
    """The causes of what was broken, the likeliest first."""
    grouped: dict[str, list[Outcome]] = {}
    broken = [each for each in outcomes if each.verdict is Verdict.BROKEN]
    for outcome in sorted(broken, key=_likeliest):
        grouped.setdefault(outcome.broken[0].promise, []).append(outcome)
    return [Cause(promise, tuple(found)) for promise, found in grouped.items()]


def _likeliest(outcome: Outcome) -> tuple[int, int, int, bool]:
    at = outcome.strike.at
    return outcome.likelihood, at.thread, at.number, outcome.strike.lasting
