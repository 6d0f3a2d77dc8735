"""Where a violation is most likely to be found: what a check with a budget runs first.

The heuristic: a status goes wrong where it is recorded. So faults at a COMMIT or at an UPDATE come
first, lock errors and lost answers before the other kinds, late ones before early ones, as outcomes
are recorded at the end; then cancels; then faults elsewhere; then interleavings, of which there
are many for each that matters; samples last, as most of them are no small schedules.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from enum import IntEnum

from runfaults.explore.agenda import Rank
from runfaults.explore.part import Part
from runfaults.model import FaultPoint, Operation

_LIKELY_KINDS = ("busy", "lost-acknowledgement")


class Place(IntEnum):
    """What the schedules of a part have in common, the likeliest to break a rule first."""

    CLEAN = 0
    RECORDING = 1
    CANCELS = 2
    OTHER_FAULTS = 3
    INTERLEAVINGS = 4
    SAMPLES = 5

    @property
    def described(self) -> str:
        """In words."""
        return _WORDS[self]


_WORDS = {
    Place.CLEAN: "runs without any fault or cancel",
    Place.RECORDING: "a fault at a COMMIT or at an UPDATE",
    Place.CANCELS: "a cancel, alone or with a fault after it",
    Place.OTHER_FAULTS: "a fault somewhere else",
    Place.INTERLEAVINGS: "interleavings, and what they lead to",
    Place.SAMPLES: "samples beyond the bound",
}


def likeliest_first(part: Part) -> Rank:
    """Ranks parts as a budget is best spent."""
    faults = part.schedule.faults
    likely = any(fault.kind in _LIKELY_KINDS for fault in faults)
    latest = max((fault.at.ordinal for fault in faults), default=0)
    return place_of(part), not likely, -latest


def left_over(parts: Iterable[Part], total: int) -> Iterator[str]:
    """Says which parts were not run, a phrase for each sort."""
    counts = Counter(map(place_of, parts))
    for place, count in sorted(counts.items()):
        yield f"{count:,} of {total:,} parts: {place.described}"


def place_of(part: Part) -> Place:
    """Where the schedules of a part are."""
    if part.batch is not None:
        return Place.SAMPLES
    if part.search is not None:
        return Place.INTERLEAVINGS
    if part.schedule.acts:
        return Place.CANCELS
    if not part.schedule.faults:
        return Place.CLEAN
    recording = any(_records(fault.at) for fault in part.schedule.faults)
    return Place.RECORDING if recording else Place.OTHER_FAULTS


def _records(point: FaultPoint) -> bool:
    return point.operation is Operation.COMMIT or point.subject.startswith("UPDATE ")
