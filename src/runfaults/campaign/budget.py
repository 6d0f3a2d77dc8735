"""The real time that a campaign may take."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0}
_TEXT = re.compile(r"(\d+(?:\.\d+)?)([smh])")


def parse_duration(text: str) -> float:
    """Read a duration such as `60s`, `5m` or `1.5h`.

    Raises:
        ValueError: if it is none, or nothing at all.
    """
    match = _TEXT.fullmatch(text.strip())
    if match is None or not float(match[1]):
        raise ValueError(f"{text!r} is not a duration; write a number and s, m or h, such as 60s")
    return float(match[1]) * _SECONDS[match[2]]


class Budget:
    """Real time that may be spent; it runs from the moment of its creation.

    Args:
        seconds: How much.
        clock: What tells the time, in seconds.

    Attributes:
        stopped: Whether the caller of `spent` was told that it is.
    """

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._seconds = seconds
        self._end = self._until = clock() + seconds
        self.stopped = False

    def without_known(self) -> None:
        """Keep a part for the conclusion: there is a violation to minimise and to confirm."""
        self._until = self._end - self._seconds * _SET_ASIDE

    def spent(self) -> bool:
        """Whether nothing is left, but for what was set aside."""
        self.stopped = self.stopped or self._clock() >= self._until
        return self.stopped

    def over(self) -> bool:
        """Whether nothing at all is left."""
        return self._clock() >= self._end


_SET_ASIDE = 0.25
