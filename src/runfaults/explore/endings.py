"""Which endings of the work make a schedule another one: those that the work comes to ask for.

A schedule with one ending is the same as with another until the work does otherwise for the first
time (see `Departure`). So an ending is like an element: it takes effect at a moment, and what comes
before that is grown once, for all endings.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from runfaults.model import Ending, Schedule
from runfaults.sim.execution import Departure, Execution


class Endings:
    """The endings that are tried, in an order in which each stands for those after it.

    The one that asks whether it was cancelled comes first: only that one knows whether the answer
    would have mattered to it.

    Args:
        endings: Which.
    """

    def __init__(self, endings: Iterable[Ending]) -> None:
        self._order = sorted(endings, key=lambda each: each is not Ending.NOTICES_CANCEL)

    def first_of(self, bases: Iterable[Schedule]) -> Iterator[Schedule]:
        """The schedules with the ending that stands for all others until they depart."""
        return (base for base in bases if base.pipeline is self._order[0])

    def departing(
        self,
        first: Ending,
        play: Callable[[Ending], Execution],
        after: Callable[[Execution], int] = lambda _: -1,
    ) -> Iterator[tuple[Departure, Execution]]:
        """Play a schedule with an ending, then with each that departs from what was played.

        Args:
            first: The ending to begin with.
            play: Plays the schedule with an ending.
            after: The event of an execution before which departures are of no interest.

        Yields:
            When an ending departed from the one before, and its execution.
        """
        waiting = [Departure(first, 0, -1)]
        seen: set[Ending] = set()
        while waiting:
            begun = waiting.pop(0)
            if begun.ending in seen:
                continue
            seen.add(begun.ending)
            execution = play(begun.ending)
            yield begun, execution
            event = after(execution)
            waiting += [each for each in self.others(execution, begun) if each.event > event]

    def begun(self, execution: Execution) -> Departure | None:
        """When the execution became that of its own ending: it departed from all before that one.

        Returns:
            None if it is still that of another one.
        """
        latest = Departure(execution.history.schedule.pipeline, 0, -1)
        departed = {each.ending: each for each in execution.departures}
        for ending in self._before(execution):
            if ending not in departed:
                return None
            latest = max(latest, departed[ending], key=lambda each: each[1:])
        return latest

    def others(self, execution: Execution, since: Departure | None = None) -> Iterator[Departure]:
        """The endings that depart from an execution, of those after its own.

        Of several that depart at one moment only the first: it stands for the rest.

        Args:
            execution: Of one ending.
            since: When that departed from one before it, if one has shown that: it may not know
                itself that the other one would have done the same for longer.
        """
        begun = since or self.begun(execution)
        told: set[tuple[int, int]] = set()
        departed = {each.ending: each for each in execution.departures}
        for ending in self._after(execution):
            departure = departed.get(ending)
            if begun is None or departure is None or departure[1:] < begun[1:]:
                continue
            if departure[1:] not in told:
                told.add(departure[1:])
                yield departure

    def alike(self, execution: Execution) -> list[Ending]:
        """The endings after its own with which the execution is the same to its end."""
        departed = {each.ending for each in execution.departures}
        return [each for each in self._after(execution) if each not in departed]

    def at(self, execution: Execution, step: int) -> Ending:
        """The ending that stands for the execution's own at a step."""
        departed = {each.ending: each.step for each in execution.departures}
        own = execution.history.schedule.pipeline
        before = (each for each in self._before(execution) if departed.get(each, step + 1) > step)
        return next(before, own)

    def _before(self, execution: Execution) -> list[Ending]:
        return self._order[: self._place(execution)]

    def _after(self, execution: Execution) -> list[Ending]:
        return self._order[self._place(execution) + 1 :]

    def _place(self, execution: Execution) -> int:
        return self._order.index(execution.history.schedule.pipeline)
