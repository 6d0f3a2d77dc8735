"""How long a piece of work is likely to take."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

NO_SOONER = 5.0
"""Seconds of work before which nothing is said of what is left."""

LATELY = 10.0
"""Seconds that tell how fast the work is: the last pieces take longer than the first."""

MOST_GROWTH = 0.6
"""Pieces that one done adds, at most, in the estimate: what grew fast at first soon does not."""

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

    def start(self, total: int | None) -> None:
        """The work begins."""
        self._began = self._clock()
        self.done, self.total = 0, total
        self._first = total or 0
        self._before: deque[tuple[float, int]] = deque([(self._began, 0)])

    def advance(self, count: int, more: int) -> None:
        """So many more pieces are done, and so many that were not known of are added."""
        self.done += count
        if self.total is not None:
            self.total += more
        now = self._clock()
        self._before.append((now, self.done))
        while len(self._before) > 1 and self._before[1][0] <= now - LATELY:
            self._before.popleft()

    @property
    def elapsed(self) -> float:
        """Seconds since the work began."""
        return self._clock() - self._began

    @property
    def seconds_left(self) -> float | None:
        """Seconds that the rest will take; None if that cannot be said yet, or none is left.

        Where each piece so far has added others, those still to come are expected to.
        """
        if self.total in {None, self.done} or not self.done or self.elapsed < NO_SOONER:
            return None
        left = (self.total or 0) - self.done
        growth = min(((self.total or 0) - self._first) / self.done, MOST_GROWTH)
        since, done = self._before[0]
        if done == self.done:
            since, done = self._began, 0
        return left / (1 - growth) / ((self.done - done) / (self._clock() - since))

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
