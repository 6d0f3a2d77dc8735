"""How long a piece of work is likely to take."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping

NO_SOONER = 5.0
"""Seconds of work before which nothing is said of what is left."""

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

    def start(self, total: int | None, sorts: Mapping[int, int] | None = None) -> None:
        """The work begins; sorts of pieces, such as those of one strategy, take about as long."""
        self._began = self._last = self._clock()
        self.done, self.total = 0, total
        self._left = Counter({0: total or 0} if sorts is None else sorts)
        self._done: Counter[int] = Counter()
        self._spent: dict[int, float] = {}

    def advance(self, count: int, more: int, sort: int = 0) -> None:
        """So many more pieces are done, and so many that were not known of are added."""
        self.done += count
        if self.total is not None:
            self.total += more
        now = self._clock()
        self._left[sort] += more - count
        self._done[sort] += count
        self._spent[sort] = self._spent.get(sort, 0.0) + now - self._last
        self._last = now

    @property
    def elapsed(self) -> float:
        """Seconds since the work began."""
        return self._clock() - self._began

    @property
    def seconds_left(self) -> float | None:
        """Seconds that the rest will take; None if that cannot be said yet, or none is left.

        A sort of which no piece is done is expected to take as long as one that was begun has
        taken so far: it may be one piece that adds all others.
        """
        if self.total in {None, self.done} or not self.done or self.elapsed < NO_SOONER:
            return None
        begun = [sort for sort, done in self._done.items() if done]
        return sum(
            left * self._spent[sort] / self._done[sort]
            if self._done[sort]
            else self.elapsed / len(begun)
            for sort, left in self._left.items()
            if left > 0
        )

    def __str__(self) -> str:
        """What is left, in words; empty if that cannot be said."""
        left = self.seconds_left
        return "" if left is None else f"about {rough(left)} left"


def rough(seconds: float) -> str:
    """Real time in whole seconds, or in minutes."""
    if seconds < 2 * _MINUTE:
        return f"{max(1, round(seconds))} s"
    return f"{round(seconds / _MINUTE)} min"


def clock_text(seconds: float) -> str:
    """Real time as on a stopwatch: `1:05`."""
    minutes, rest = divmod(int(seconds), _MINUTE)
    return f"{minutes}:{rest:02}"
