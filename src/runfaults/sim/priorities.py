"""Probabilistic concurrency testing: random priorities, lowered at a few random steps.

Burckhardt, Kothari, Musuvathi and Nagarakatte, "A randomized scheduler with probabilistic
guarantees of finding bugs" (ASPLOS 2010). The depth of a bug is the least number of ordering
constraints between steps that are enough to show it. With n actors and k steps, an execution shows
a given bug of depth d with probability at least 1 / (n k^(d-1)).
"""

from __future__ import annotations

from random import Random

from runfaults.model import FaultPoint, Preemption
from runfaults.sim.director import RESUMED


class PriorityDirector:
    """Lets the ready actor of the highest priority run, whenever one has a choice.

    An actor gets its priority when it appears. At depth - 1 of the steps the actor that has reached
    the step gets a priority below all that actors begin with, and keeps it. The steps are drawn
    without repetition, which makes each set of them a little likelier than the paper's k^-(d-1).

    Args:
        random: Decides everything: the same seed, the same execution.
        depth: What depth of bugs is looked for; from 1.
        steps: How many steps the execution is expected to have.

    Attributes:
        switches: What it did, as the preemptions of an ordinary schedule that does the same.
    """

    def __init__(self, random: Random, depth: int, steps: int) -> None:
        self.switches: list[Preemption] = []
        self._random = random
        self._depth = depth
        changes = random.sample(range(steps), min(depth - 1, steps))
        self._lowered = {step: float(priority) for priority, step in enumerate(changes)}
        self._priorities: dict[str, float] = {}
        self._latest: dict[str, FaultPoint] = {}
        self._reached = 0

    def choose_next(self, point: FaultPoint, ready: tuple[str, ...]) -> tuple[str, ...]:
        """See `Director`."""
        actors = (point.actor, *ready)
        for actor in actors:
            if actor not in self._priorities:
                self._priorities[actor] = self._depth + self._random.random()
        if self._latest.get(point.actor) != point:
            self._latest[point.actor] = point
            self._count(point)
        highest = max(actors, key=self._priorities.__getitem__)
        if highest == point.actor:
            return ()
        self.switches.append(Preemption(point, highest))
        return (highest,)

    def _count(self, point: FaultPoint) -> None:
        if point.subject == RESUMED:
            return
        lowered = self._lowered.get(self._reached)
        if lowered is not None:
            self._priorities[point.actor] = lowered
        self._reached += 1
