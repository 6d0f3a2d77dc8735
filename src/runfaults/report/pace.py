"""How long a piece of work is likely to take."""

from __future__ import annotations

import time
from collections.abc import Callable

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

    def start(self, total: int | None) -> None:
        """The work begins."""
        self._began = self._clock()
        self.done, self.total = 0, total
        self._grows = False

    def advance(self, count: int, more: int) -> None:
        """So many more pieces are done, and so many that were not known of are added."""
        self.done += count
        if self.total is not None:
            self.total += more
        self._grows = self._grows or more > 0

    @property
    def elapsed(self) -> float:
        """Seconds since the work began."""
        return self._clock() - self._began

    @property
    def seconds_left(self) -> float | None:
        """Seconds that what is known of will take; None if that cannot be said yet."""
        if self.total is None or not self.done or self.elapsed < NO_SOONER:
            return None
        return self.elapsed / self.done * (self.total - self.done)

    def __str__(self) -> str:
        """What is left, in words: where pieces were added there may be more; empty if unknown."""
        left = self.seconds_left
        if left is None:
            return ""
        return f"{'at least' if self._grows else 'about'} {rough(left)} left"


def rough(seconds: float) -> str:
    """Real time in whole seconds, or in minutes."""
    if seconds < 2 * _MINUTE:
        return f"{round(seconds)} s"
    return f"{round(seconds / _MINUTE)} min"


def clock_text(seconds: float) -> str:
    """Real time as on a stopwatch: `1:05`."""
    minutes, rest = divmod(int(seconds), _MINUTE)
    return f"{minutes}:{rest:02}"
