"""Tells when two executions have reached the same state, so that what follows is the same too.

What an actor does next is decided by what it has done and seen. So a state is known by one number
per actor that stands for its past: each of its segments, and for each shared thing that it used
what the others had done to it until then (the happens-before order of the segments). Two
executions that differ only in the order of segments that commute get equal numbers.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import islice

from runfaults.explore.job import Allowance
from runfaults.sim.actor import Actor
from runfaults.sim.execution import Execution, Segment


class Visited:
    """The states from which schedules have been grown, or will be, each with how far."""

    def __init__(self) -> None:
        self._allowances: defaultdict[int, list[Allowance]] = defaultdict(list)

    def visit(self, execution: Execution, begin: int, end: int, allowance: Allowance) -> int:
        """Mark the states not yet visited with at least this allowance.

        Args:
            execution: What is going to grow.
            begin: The step from which on it may.
            end: The step from which on it may not.
            allowance: How many elements it may get.

        Returns:
            The first of these steps at which its state was known: from there on whatever would
            grow from it grows elsewhere. `end` if there is none.
        """
        for number, state in enumerate(islice(states(execution), begin, end), begin):
            allowances = self._allowances[state]
            if any(other.covers(allowance) for other in allowances):
                return number
            allowances.append(allowance)
        return end


def states(execution: Execution) -> Iterator[int]:
    """The state in which each step was reached, as a number; equal for equal states."""
    struck = {fault.at: str(fault) for fault in execution.history.schedule.faults}
    within: defaultdict[int, str] = defaultdict(str)
    for each in execution.used:
        within[each.segment] += struck.get(each.point, "")
    pasts = _Pasts()
    ending = execution.history.schedule.pipeline
    passed = 0
    for step in execution.steps:
        for number in range(passed, step.segment):
            segment = execution.segments[number]
            point = execution.steps[segment.step].point if segment.step >= 0 else None
            fault = struck.get(point) if point is not None else None
            pasts.extend(segment, hash((point, fault, within.get(number), segment.clock)))
        passed = step.segment
        clock = execution.segments[passed - 1].clock if passed else 0.0
        yield hash((pasts.all(), step.point, step.ready, clock, ending))


class _Pasts:
    """For each actor a number that stands for all it has done and seen."""

    def __init__(self) -> None:
        self._pasts: dict[str, int] = {}
        self._names: dict[object, object] = {}
        self._changed: dict[object, int] = {}
        self._looked_at: defaultdict[object, list[int]] = defaultdict(list)

    def all(self) -> tuple[tuple[str, int], ...]:
        """Every actor's past."""
        return tuple(sorted(self._pasts.items()))

    def extend(self, segment: Segment, what: int) -> None:
        """Add a segment to the past of its actor."""
        before = hash((self._pasts.get(segment.actor), segment.actor, what))
        seen = tuple(
            (
                self._name(thing, (before, place)),
                self._changed.get(thing),
                tuple(sorted(self._looked_at[thing])) if change else None,
            )
            for place, (thing, change) in enumerate(segment.touched)
        )
        past = self._pasts[segment.actor] = hash((before, seen))
        for thing, change in segment.touched:
            if change:
                self._changed[thing] = past
                self._looked_at[thing].clear()
            else:
                self._looked_at[thing].append(past)

    def _name(self, thing: object, first_used: tuple[int, int]) -> object:
        """What a thing is called in every execution: most are known by who used them first."""
        if isinstance(thing, str):
            return thing
        if isinstance(thing, Actor):
            return thing.name
        return self._names.setdefault(thing, first_used)
