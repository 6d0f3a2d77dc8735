"""How much an exploration runs."""

from __future__ import annotations

from dataclasses import dataclass

from runfaults.model import Ending
from runfaults.sqlite.kinds import KINDS

ALL_COUNTS = (1, 2, 3, 4, 6, None)
"""Managers that retry a few times break at the count after that; None is "until lifted"."""


@dataclass(frozen=True, slots=True)
class Bound:
    """The schedules of a sweep: every combination of these.

    Attributes:
        name: As given to `--bound`.
        endings: How the scripted pipeline ends.
        journals: SQLite journal modes.
        kinds: Names of the fault kinds.
        counts: How many operations in a row a fault strikes; None for until lifted.
        cancels: Kinds of acts, one of which may come at each fault point of the history.
        cancelled_counts: The counts that are combined with a cancel.
        seed: Seed of the `random` module in every schedule.
    """

    name: str
    endings: tuple[Ending, ...] = tuple(Ending)
    journals: tuple[str, ...] = ("delete", "wal")
    kinds: tuple[str, ...] = tuple(KINDS)
    counts: tuple[int | None, ...] = ALL_COUNTS
    cancels: tuple[str, ...] = ("cancel", "cancel-api")
    cancelled_counts: tuple[int | None, ...] = ALL_COUNTS
    seed: int = 0

    def describe(self) -> str:
        """The bound in words."""
        counts = ", ".join("until lifted" if n is None else str(n) for n in self.counts)
        cancels = f", at most one of {', '.join(self.cancels)}" if self.cancels else ""
        return (
            f"all schedules with at most one fault ({counts} times){cancels}; "
            f"pipeline {', '.join(self.endings)}; journal {', '.join(self.journals)}; "
            f"{len(self.kinds)} fault kinds"
        )


BOUNDS = {
    bound.name: bound
    for bound in (
        Bound(
            "quick",
            endings=(Ending.SUCCEEDS, Ending.RAISES),
            journals=("delete",),
            counts=(1, None),
            cancelled_counts=(1,),
        ),
        Bound("default", journals=("delete",), cancelled_counts=(1, None)),
        Bound("nightly"),
    )
}


def bound_named(name: str) -> Bound:
    """The bound of that name.

    Raises:
        LookupError: naming the bounds there are.
    """
    if name not in BOUNDS:
        raise LookupError(f"there is no bound {name!r}; bounds are: {', '.join(BOUNDS)}")
    return BOUNDS[name]
