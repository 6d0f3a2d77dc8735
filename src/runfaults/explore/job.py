"""Units of work, and the words in which strategies say what schedules may consist of."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import NamedTuple

from runfaults.model import Ending, Journal, Schedule
from runfaults.model.listener import Sort

ALL_COUNTS = (1, 2, 3, 4, 6, None)
"""Managers that retry a few times break at the count after that; None is "until lifted"."""

CANCELS = ("cancel", "cancel-api")
"""Through the manager alone, and as GenGlossary's API does: the manager, then the database."""

JOURNALS = (Journal.DELETE, Journal.WAL)
"""SQLite journal modes."""


class Job(NamedTuple):
    """What one process runs at a time: it finds the same anywhere, and again if need be.

    Attributes:
        base: The schedule from which the others of this job grow.
        begin: The strategy's own cursor: from which yield point on they grow, which draw.
        strategy: Which of the campaign's strategies runs it.
        rank: Under a budget, jobs of the lowest rank are run first. Its first number says what
            they have in common, the likeliest to break a rule first: a status goes wrong where it
            is recorded, and of interleavings there are many for each that matters.
        group: What they have in common, in words.
        wave: It is handed out when all jobs of the waves before are finished.
        alike: Of several jobs of one wave that are alike, the one of the lowest rank is run.
    """

    base: Schedule
    begin: int = 0
    strategy: int = 0
    rank: tuple[int, ...] = ()
    group: str = ""
    wave: int = 0
    alike: str = ""

    @property
    def sort(self) -> Sort:
        """What it is told as: jobs of one sort take about as long."""
        return self.strategy, self.group

    @property
    def key(self) -> str:
        """Tells this job from all others of its campaign, in any process."""
        return sha256(f"{self.strategy} | {self.begin} | {self.base}".encode()).hexdigest()[:16]


AT_ONCE = tuple(each for each in Ending if not each.takes_time)
TAKING_TIME = tuple(each for each in Ending if each.takes_time)


class Chosen(NamedTuple):
    """What the user wants schedules to be limited to; nothing: no limit."""

    kinds: Collection[str] = ()
    acts: Collection[str] = ()
    endings: Collection[Ending] = ()
    journals: Collection[Journal] = ()


@dataclass(frozen=True, slots=True)
class Scope:
    """What the schedules of a strategy may consist of.

    Attributes:
        kinds: Fault kinds.
        acts: Kinds of acts.
        counts: How many operations in a row a fault strikes; None for until lifted.
        endings: How the scripted pipeline ends.
        journals: SQLite journal modes; by default the one that the target itself chooses.
        seed: Seed of the `random` module in every schedule.
        hours: How long a fault without a count lasts; 0: until it is lifted.
    """

    kinds: tuple[str, ...] = ("busy",)
    acts: tuple[str, ...] = CANCELS
    counts: tuple[int | None, ...] = (1,)
    endings: tuple[Ending, ...] = (Ending.SUCCEEDS,)
    journals: tuple[Journal, ...] = (Journal.TARGET,)
    seed: int = 0
    hours: int = 0

    def bases(self) -> list[Schedule]:
        """The schedules without elements from which everything grows."""
        return [
            Schedule(pipeline=ending, journal=journal, seed=self.seed)
            for journal in self.journals
            for ending in self.endings
        ]

    def limited_to(self, chosen: Chosen) -> Scope:
        """The same with what was chosen; with its own where nothing was."""
        return replace(
            self,
            kinds=tuple(chosen.kinds) or self.kinds,
            acts=tuple(chosen.acts) or self.acts,
            endings=tuple(chosen.endings) or self.endings,
            journals=tuple(chosen.journals) or self.journals,
        )

    def of_target(self, offered: Collection[str], journal: Journal) -> Scope:
        """The same for a target that offers these acts and endings, and chooses this journal."""
        modes = (journal if each is Journal.TARGET else each for each in self.journals)
        return replace(
            self,
            acts=tuple(act for act in self.acts if act in offered),
            endings=tuple(
                each for each in self.endings if not each.needs_client or each in offered
            ),
            journals=tuple(dict.fromkeys(modes)),
        )

    def describe_surroundings(self) -> str:
        """Endings and journals in words."""
        return f"pipeline {', '.join(self.endings)}; journal {', '.join(self.journals)}"


class Allowance(NamedTuple):
    """The number of elements of each sort that a schedule may have, or still get."""

    faults: int
    acts: int
    preemptions: int

    def covers(self, other: Allowance) -> bool:
        """Whether whatever the other one allows is allowed here."""
        return all(mine >= its for mine, its in zip(self, other, strict=True))

    def left_by(self, schedule: Schedule) -> Allowance:
        """What may still be added to a schedule."""
        return Allowance(
            self.faults - len(schedule.faults),
            self.acts - len(schedule.acts),
            self.preemptions - len(schedule.preemptions),
        )


class Measured(NamedTuple):
    """What samples were like.

    Attributes:
        actors: The most actors that took part in one.
        steps: The most steps that one was expected to have, from executions with the same faults
            and acts before it.
        longer: Samples that had more steps than expected. Nothing was paused in what they had more.
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


NOTHING = Measured()
"""What is known of samples before any was taken."""
