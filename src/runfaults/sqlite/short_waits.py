"""Waits for a lock without spending the busy timeout: for tests that must not take its time."""

from __future__ import annotations

import time
from collections.abc import Callable

from runfaults.sqlite.gate import Call

_TICK = 0.001
_PATIENCE = 200
"""So many ticks a thread waits for a lock of another thread that performs no operation."""

_sleep = time.sleep


class ShortWaits:
    """Waits for other threads as long as they run; for the own one no waiting helps."""

    def __init__(self, progress: Callable[[], int], alone: Callable[[], bool]) -> None:
        """Begin.

        Args:
            progress: A number that changes with each operation of any thread.
            alone: Whether no other thread performs any.
        """
        self._progress, self._alone = progress, alone
        self._seen_at = -1
        self._since = 0

    def busy(self, call: Call, waited: int) -> bool:
        """See `Gate`."""
        if self._alone() or call.connection is None:
            return False
        progress = self._progress()
        if waited == 0 or progress != self._seen_at:
            self._seen_at, self._since = progress, waited
        _sleep(_TICK)
        return waited - self._since < _PATIENCE
