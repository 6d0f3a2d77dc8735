"""How long a piece of work is likely to take."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping
from math import sqrt
from typing import NamedTuple

from runfaults.model.listener import ONE_SORT, Sort

NO_SOONER = 5.0
"""Seconds of work before which nothing is said of what is left."""

_DOUBT = 5
"""So many pieces that are done are not enough to say how long one of their sort takes: as many are
added that take as long as one of its strategy, and of the strategy as many tries as long as any."""

_AT_LEAST = 0.25
"""The part of what was expected to be left that is left, however long no piece was done."""

_MINUTE = 60


class Pace:
    """Estimates what is left from how long what is done has taken.

    Args:
        clock: What tells the time, in seconds.

    Attributes:
        done: How many pieces are done.
        total: How many there are; None if that is not known.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self.start(None)

    def start(self, total: int | None, left: Mapping[Sort, int] | None = None) -> None:
        """The work begins; pieces of one sort take about as long."""
        self._began = self._last = self._clock()
        self.done, self.total = 0, total
        self._left = {ONE_SORT: total or 0} if left is None else dict(left)
        self._done: Counter[Sort] = Counter()
        self._tries: Counter[Sort] = Counter()
        self._spent: dict[Sort, float] = {}

    def advance(
        self,
        count: int,
        left: Mapping[Sort, int] | None = None,
        sort: Sort = ONE_SORT,
        tries: int = 0,
    ) -> None:
        """So many more pieces of a sort are done, after so many tries; see `Listener`."""
        self.done += count
        self._left = {sort: self._left[sort] - count} if left is None else dict(left)
        if self.total is not None:
            self.total = self.done + sum(self._left.values())
        now = self._clock()
        self._done[sort] += count
        self._tries[sort] += tries or count
        self._spent[sort] = self._spent.get(sort, 0.0) + now - self._last
        self._last = now

    @property
    def elapsed(self) -> float:
        """Seconds since the work began."""
        return self._clock() - self._began

    @property
    def left(self) -> Left | None:
        """What the rest will take; None if that cannot be said yet, or none is left."""
        if self.total in {None, self.done} or not self.done or self.elapsed < NO_SOONER:
            return None
        expected = self._expected()
        idle = self._clock() - self._last
        return expected._replace(begun=max(expected.begun - idle, _AT_LEAST * expected.begun))

    def _expected(self) -> Left:
        """What is left from when the last piece was done.

        A strategy that has not begun is expected to take up to half as long as the longest that
        has, however many pieces are known of: one may take all the time, or add all others.
        """
        wholes = by_strategy(self._spent)
        begun, others = 0.0, set[int]()
        for sort, count in self._left.items():
            strategy, _ = sort
            if strategy in wholes:
                seconds = max(0, count) * self._seconds(sort)
                begun += seconds
                wholes[strategy] += seconds
            elif count > 0:
                others.add(strategy)
        return Left(begun, len(others), len(others) * max(wholes.values()) / 2)

    def _seconds(self, sort: Sort) -> float:
        """What a piece takes: as long as others of its sort, in doubt as those of its strategy."""
        strategy, _ = sort
        done = by_strategy(self._done)[strategy]
        spent = by_strategy(self._spent)[strategy]
        tries = by_strategy(self._tries)[strategy] / done
        a_try = (self._last - self._began) / self._tries.total()
        of_strategy = (spent + _DOUBT * tries * a_try) / (done + _DOUBT)
        return (self._spent.get(sort, 0.0) + _DOUBT * of_strategy) / (self._done[sort] + _DOUBT)

    def __str__(self) -> str:
        """What is left, in words; empty if that cannot be said."""
        left = self.left
        return "" if left is None else str(left)


class Left(NamedTuple):
    """The rest of a piece of work.

    Attributes:
        begun: Seconds for what is left of the strategies that have begun.
        others: How many have not.
        unknown: Seconds that these may take.
    """

    begun: float
    others: int
    unknown: float

    @property
    def seconds(self) -> float | None:
        """Seconds for all of it; None if the unknown ones may take longer than the others."""
        least, most = self.begun + _SLACK, self.begun + self.unknown + _SLACK
        return sqrt(least * most) - _SLACK if most <= 2 * least else None

    def __str__(self) -> str:
        """In words."""
        seconds = self.seconds
        if seconds is not None:
            return f"about {rough(seconds)} left"
        more = "1 strategy" if self.others == 1 else f"{self.others} strategies"
        return f"about {rough(self.begun)} left, and {more} to begin"


_SLACK = 5.0
"""Seconds that make no difference near the end."""


def by_strategy(numbers: Mapping[Sort, float]) -> dict[int, float]:
    """The sum for each strategy."""
    sums: dict[int, float] = {}
    for (strategy, _), number in numbers.items():
        sums[strategy] = sums.get(strategy, 0.0) + number
    return sums


def rough(seconds: float) -> str:
    """Real time in whole seconds, or in minutes."""
    if seconds < 2 * _MINUTE:
        return f"{max(1, round(seconds))} s"
    return f"{round(seconds / _MINUTE)} min"


def clock_text(seconds: float) -> str:
    """Real time as on a stopwatch: `1:05`."""
    minutes, rest = divmod(int(seconds), _MINUTE)
    return f"{minutes}:{rest:02}"
