"""How many schedules are sampled beyond the bound, from which, and what that excludes."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_DOWN, Context
from fractions import Fraction
from typing import NamedTuple

from runfaults.model import Ending
from runfaults.sim.acts import ACTS
from runfaults.sqlite.kinds import KINDS

DEPTH = 3
"""Depth of bugs that samples look for unless told otherwise: one more than that of a deadlock or a
violated atomicity between two threads."""


class Measured(NamedTuple):
    """What the samples were like.

    Attributes:
        actors: The most actors that took part in one; n in the paper.
        steps: The most steps that one was expected to have, from executions with the same faults
            and acts before it; k in the paper.
        longer: Samples that had more steps than expected. Nobody was paused in what they had more.
    """

    actors: int = 0
    steps: int = 0
    longer: int = 0

    def __or__(self, other: Measured) -> Measured:
        """Of both together."""
        return Measured(
            max(self.actors, other.actors),
            max(self.steps, other.steps),
            self.longer + other.longer,
        )


@dataclass(frozen=True, slots=True)
class Sampling:
    """Schedules that are drawn, and then run with random priorities (see `sim.priorities`).

    Attributes:
        samples: How many.
        depth: How many ordering constraints between steps are enough to show the bugs that are
            looked for.
        orders: Samples that have one draw of faults and acts in common, each with priorities of
            its own.
        faults: At most so many faults in each.
        acts: At most so many acts in each.
        kinds: Fault kinds to choose from.
        act_kinds: Acts to choose from.
        counts: How many operations in a row a fault strikes.
        endings: How the pipeline ends.
        journals: SQLite journal modes.
        seed: Seed of what is drawn, and of the `random` module in every schedule.
    """

    samples: int
    depth: int = DEPTH
    orders: int = 10
    faults: int = 3
    acts: int = 2
    kinds: tuple[str, ...] = tuple(KINDS)
    act_kinds: tuple[str, ...] = tuple(ACTS)
    counts: tuple[int | None, ...] = (1,)
    endings: tuple[Ending, ...] = tuple(Ending)
    journals: tuple[str, ...] = ("delete", "wal")
    seed: int = 0

    def describe(self, measured: Measured | None = None) -> str:
        """The sampling in words, with its probability once actors and steps have been measured."""
        words = (
            f"{self.samples:,} sample{'s' * (self.samples != 1)} by PCT beyond the bound "
            f"(depth {self.depth}, <= {self.faults} fault{'s' * (self.faults != 1)} of "
            f"{len(self.kinds)} kind{'s' * (len(self.kinds) != 1)}, "
            f"<= {self.acts} act{'s' * (self.acts != 1)} of {', '.join(self.act_kinds)}; "
            f"{self.orders} order{'s' * (self.orders != 1)} of each draw); "
            f"pipeline {', '.join(self.endings)}; journal {', '.join(self.journals)}"
        )
        return words + (self._promise(measured) if measured and measured.steps else "")

    def _promise(self, measured: Measured) -> str:
        chance = probability(measured.actors, measured.steps, self.depth)
        orders, all_samples = (
            rounded_down(1 - float(1 - chance) ** number) for number in (self.orders, self.samples)
        )
        promise = (
            f": a bug of that depth in the order of yield points is found by each sample of the "
            f"pipeline, journal, faults and acts that it needs with probability >= "
            f"1/{chance.denominator:,}, by {self.orders} orders with >= {orders}, by "
            f"{self.samples:,} with >= {all_samples} "
            f"(n = {measured.actors} actors, k = {measured.steps:,} steps"
        )
        if measured.longer:
            promise += f"; {measured.longer:,} had more steps, in which nobody was paused"
        return promise + ")"


def probability(actors: int, steps: int, depth: int) -> Fraction:
    """The least probability with which one execution shows a given bug: 1 / (n k^(d-1)).

    Burckhardt, Kothari, Musuvathi and Nagarakatte, ASPLOS 2010.

    Args:
        actors: n; from 1.
        steps: k; from 1.
        depth: d; from 1.
    """
    return Fraction(1, actors * steps ** (depth - 1))


def rounded_down(chance: float) -> str:
    """A probability with two digits that does not promise too much."""
    return f"{Context(prec=2, rounding=ROUND_DOWN).create_decimal_from_float(chance):f}"
