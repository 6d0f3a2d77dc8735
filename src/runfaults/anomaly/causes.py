"""Many faults, few causes: outcomes that break the same promise are told as one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from runfaults.anomaly.outcome import Outcome
from runfaults.model.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Cause:
    """A promise that is broken, with all that break it, the likeliest and simplest first.

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
