"""How much an exploration runs."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, replace

from runfaults.explore.sampling import Measured, Sampling
from runfaults.model import Ending, Schedule
from runfaults.sqlite.kinds import KINDS

ALL_COUNTS = (1, 2, 3, 4, 6, None)
"""Managers that retry a few times break at the count after that; None is "until lifted"."""


@dataclass(frozen=True, slots=True)
class SearchBound:
    """How many elements a schedule may have, and which.

    Attributes:
        faults: At most so many faults.
        acts: At most so many acts.
        preemptions: At most so many preemptions.
        kinds: Fault kinds to choose from.
        act_kinds: Acts to choose from.
        counts: How many operations in a row a fault strikes.
        endings: How the pipeline ends.
        journals: SQLite journal modes.
        reduce: True runs one of several orders that commute; False runs them all, which also
            catches managers that share plain attributes between threads without a lock.
        seed: Seed of the `random` module in every schedule.
    """

    faults: int = 1
    acts: int = 1
    preemptions: int = 1
    kinds: tuple[str, ...] = ("busy",)
    act_kinds: tuple[str, ...] = ("cancel", "cancel-api")
    counts: tuple[int | None, ...] = (1,)
    endings: tuple[Ending, ...] = (Ending.SUCCEEDS,)
    journals: tuple[str, ...] = ("delete",)
    reduce: bool = False
    seed: int = 0

    def describe(self) -> str:
        """The bound in words."""
        return (
            f"all schedules with {_at_most(self.faults, 'fault', self.kinds)}, "
            f"{_at_most(self.acts, 'act', self.act_kinds)}, "
            f"{_at_most(self.preemptions, 'preemption')}; pipeline {', '.join(self.endings)}; "
            f"journal {', '.join(self.journals)}"
            + ("; orders that commute once" if self.reduce else "")
        )

    def bases(self) -> list[Schedule]:
        """The schedules without elements from which everything grows."""
        return [
            Schedule(pipeline=ending, journal=journal, seed=self.seed)
            for journal in self.journals
            for ending in self.endings
        ]


def _at_most(number: int, what: str, of: tuple[str, ...] = ()) -> str:
    if not number:
        return f"no {what}"
    return f"<= {number} {what}{'s' * (number > 1)}" + (f" ({', '.join(of)})" if of else "")


@dataclass(frozen=True, slots=True)
class Bound:
    """The schedules of a sweep, every combination of these, and what comes after it.

    Attributes:
        name: As given to `--bound`.
        endings: How the scripted pipeline ends.
        journals: SQLite journal modes.
        kinds: Names of the fault kinds.
        counts: How many operations in a row a fault strikes; None for until lifted.
        cancels: Kinds of acts, one of which may come at each fault point of the history.
        cancelled_counts: The counts that are combined with a cancel.
        cancelled_kinds: The fault kinds that are combined with a cancel.
        searches: Searches through interleavings that come after the sweep.
        seed: Seed of the `random` module in every schedule of the sweep.
        sampling: Schedules beyond the bound that come after the searches; None for none.
    """

    name: str
    endings: tuple[Ending, ...] = tuple(Ending)
    journals: tuple[str, ...] = ("delete", "wal")
    kinds: tuple[str, ...] = tuple(KINDS)
    counts: tuple[int | None, ...] = ALL_COUNTS
    cancels: tuple[str, ...] = ("cancel", "cancel-api")
    cancelled_counts: tuple[int | None, ...] = ALL_COUNTS
    cancelled_kinds: tuple[str, ...] = tuple(KINDS)
    searches: tuple[SearchBound, ...] = ()
    seed: int = 0
    sampling: Sampling | None = None

    @property
    def paired_kinds(self) -> tuple[str, ...]:
        """The kinds that are combined with a cancel, of those that there are."""
        return tuple(kind for kind in self.kinds if kind in self.cancelled_kinds)

    def describe(self) -> str:
        """The bound in words."""
        return "\n".join(self.regions())

    def regions(self, measured: Measured | None = None) -> dict[str, str]:
        """The sweep, the searches and the samples in words, by what `Findings` call them.

        Args:
            measured: What the samples were like, if they were taken: for their probability.
        """
        described = [self.describe_sweep()] if self.endings else []
        described += [search.describe() for search in self.searches]
        regions = {region: region for region in described}
        if self.sampling:
            regions[self.sampling.describe()] = self.sampling.describe(measured)
        return regions

    def describe_sweep(self) -> str:
        """The schedules of the sweep in words."""
        listed = ", ".join("until lifted" if n is None else str(n) for n in self.counts)
        counts = "once" if self.counts == (1,) else f"{listed} times"
        cancels = f", at most one of {', '.join(self.cancels)}" if self.cancels else ""
        if cancels and self.paired_kinds != self.kinds:
            cancels += f" (with a fault: {', '.join(self.paired_kinds) or 'none'})"
        return (
            f"all schedules with at most one fault ({counts}){cancels}; "
            f"pipeline {', '.join(self.endings)}; journal {', '.join(self.journals)}; "
            f"{len(self.kinds)} fault kind{'s' * (len(self.kinds) != 1)}"
        )

    def limited_to(self, kinds: Collection[str], acts: Collection[str]) -> Bound:
        """The same with these fault kinds and acts; with its own where none are given."""
        searches = tuple(
            replace(
                search,
                kinds=tuple(kinds) or search.kinds,
                act_kinds=tuple(acts) or search.act_kinds,
            )
            for search in self.searches
        )
        sampling = self.sampling and replace(
            self.sampling,
            kinds=tuple(kinds) or self.sampling.kinds,
            act_kinds=tuple(acts) or self.sampling.act_kinds,
        )
        return replace(
            self,
            kinds=tuple(kinds) or self.kinds,
            cancels=tuple(acts) or self.cancels,
            searches=searches,
            sampling=sampling,
        )

    def seeded(self, seed: int) -> Bound:
        """The same with another seed in every schedule, and other samples."""
        searches = tuple(replace(search, seed=seed) for search in self.searches)
        sampling = self.sampling and replace(self.sampling, seed=seed)
        return replace(self, seed=seed, searches=searches, sampling=sampling)

    def sampled(self, samples: int | None, depth: int | None) -> Bound:
        """The same with so many samples of that depth; None for those that it has.

        Raises:
            ValueError: for a depth without any samples.
        """
        own = self.sampling or Sampling(0, counts=ALL_COUNTS)
        sampling = replace(
            own,
            samples=own.samples if samples is None else samples,
            depth=own.depth if depth is None else depth,
        )
        if not sampling.samples and depth is not None:
            raise ValueError(
                f"a depth of {depth}, but no samples to look so deep: say how many, or leave the "
                "depth out"
            )
        return replace(self, sampling=sampling if sampling.samples else None)


RACES = SearchBound(
    faults=0,
    act_kinds=(
        "cancel",
        "cancel-api",
        "cancel-twice",
        "close",
        "read",
        "start",
        "start-elsewhere",
        "subscribe",
    ),
)
"""Every act at every moment, and once more with one thread paused somewhere."""

STRUCK_RACES = SearchBound(faults=1, kinds=("busy", "lost-acknowledgement"), reduce=True)
"""A cancel at every moment, one fault anywhere, one thread paused somewhere."""

STRUCK_ACTS = SearchBound(
    preemptions=0,
    act_kinds=("cancel-twice", "close", "read", "start", "start-elsewhere", "subscribe"),
    reduce=True,
)
"""A lock error anywhere, and any act but the cancels of the sweep at every moment."""

KEPT_UNDONE_DONE = ("busy", "ioerr-write", "lost-acknowledgement")
"""A kind for each thing that a failing COMMIT can leave: the transaction open, undone, or done."""

_THREE_NUMBERS = re.compile(r"(\d),(\d),(\d)")

BOUNDS = {
    bound.name: bound
    for bound in (
        Bound(
            "quick",
            endings=(Ending.SUCCEEDS, Ending.RAISES),
            journals=("delete",),
            counts=(1, None),
            cancelled_counts=(1,),
            searches=(replace(RACES, preemptions=0),),
        ),
        Bound(
            "default",
            endings=(
                Ending.SUCCEEDS,
                Ending.RAISES,
                Ending.NOTICES_CANCEL,
                Ending.LEAVES_TRANSACTION_OPEN,
            ),
            journals=("delete",),
            cancelled_counts=(1,),
            cancelled_kinds=KEPT_UNDONE_DONE,
            searches=(
                replace(RACES, preemptions=0),
                replace(RACES, reduce=True),
                STRUCK_ACTS,
            ),
        ),
        # For work with hundreds of points: each fault once, each cancel once, no pairs.
        Bound(
            "single",
            endings=(Ending.SUCCEEDS,),
            journals=("delete",),
            counts=(1,),
            cancelled_counts=(),
        ),
        Bound(
            "nightly",
            searches=(RACES, STRUCK_RACES, STRUCK_ACTS),
            sampling=Sampling(5_000, counts=ALL_COUNTS),
        ),
        # For a night, several cores or a cluster: docs/reference/exhausted.md has its numbers.
        Bound(
            "deep",
            endings=(),
            searches=(
                SearchBound(faults=1, acts=2, preemptions=2, reduce=True),
                SearchBound(faults=2, acts=1, preemptions=1, kinds=KEPT_UNDONE_DONE, reduce=True),
                SearchBound(
                    faults=1,
                    acts=1,
                    preemptions=2,
                    kinds=KEPT_UNDONE_DONE[1:],
                    reduce=True,
                ),
                SearchBound(
                    faults=2,
                    acts=1,
                    preemptions=1,
                    endings=tuple(Ending),
                    journals=("delete", "wal"),
                    reduce=True,
                ),
            ),
        ),
    )
}


def bound_named(name: str) -> Bound:
    """The bound of that name, or the one that three numbers stand for.

    `2,1,1` stands for all schedules with at most two faults, one cancel and one preemption.

    Raises:
        LookupError: naming the bounds there are.
    """
    if numbers := _THREE_NUMBERS.fullmatch(name):
        faults, acts, preemptions = map(int, numbers.groups())
        search = SearchBound(faults, acts, preemptions, reduce=True)
        return Bound(name, endings=(), searches=(search,))
    if name not in BOUNDS:
        raise LookupError(
            f"there is no bound {name!r}; bounds are: {', '.join(BOUNDS)}, and three numbers "
            "FAULTS,CANCELS,PREEMPTIONS such as 1,1,1 for everything up to them"
        )
    return BOUNDS[name]
