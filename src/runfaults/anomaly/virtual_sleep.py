"""Lets a call sleep without waiting: a retry that waits a minute costs nothing.

An event loop of the calling thread sleeps so too, where it waits for nothing but its timers.
Whether a thread is about to wake it cannot be known: so it waits really for half a second at first.
"""

from __future__ import annotations

import selectors
import sys
import threading
import time
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import time_machine

from runfaults.sim.captured import Place, captured
from runfaults.sim.frozen_time import is_time_frozen
from runfaults.sqlite.clock import clock_of_python

_Events = list[tuple[selectors.SelectorKey, int]]

_real_sleep = time.sleep
_real_select = selectors.DefaultSelector.select
_GRACE = 0.5
"""Seconds that an event loop really waits."""


class _Clock:
    """The clock of the calling thread: the real one and what the thread has slept."""

    def __init__(self, stack: ExitStack) -> None:
        self._thread = threading.get_ident()
        self._slept = 0.0
        self._stack = stack
        self._wall: Any = None

    def sleep(self, seconds: float, /) -> None:
        """Move the clock, if it is the calling thread that sleeps."""
        if threading.get_ident() != self._thread or not seconds >= 0:
            _real_sleep(seconds)  # raises what it has to say
            return
        _real_sleep(0)  # others may run
        self._move(seconds)

    def select(self, selector: selectors.DefaultSelector, timeout: float | None) -> _Events:
        """Wait for events, as the selector's own method; move the clock if none come."""
        mine = threading.get_ident() == self._thread
        if not mine or (timeout or 0) <= _GRACE or not _has_only_timers(selector):
            return _real_select(selector, timeout)
        began = time.process_time()
        found = _real_select(selector, _GRACE)
        if found or time.process_time() - began > _GRACE / 10:
            return found  # the loop looks at its timers, and waits again
        self._move((timeout or 0) - _GRACE)
        return _real_select(selector, 0)

    def _move(self, seconds: float) -> None:
        self._slept += seconds
        if is_time_frozen():
            return  # the test has a wall clock of its own
        if self._wall is None:
            now = datetime.now(UTC)
            self._wall = self._stack.enter_context(time_machine.travel(now, tick=True))
            self._stack.enter_context(clock_of_python())
        self._wall.shift(timedelta(seconds=seconds))

    def reading(self, real: Callable[[], Any], unit: float) -> Callable[[], Any]:
        """A clock of the real one's unit."""

        def read() -> Any:  # noqa: ANN401  # as the original
            if threading.get_ident() != self._thread:
                return real()
            slept = self._slept / unit
            return real() + (slept if unit == 1.0 else int(slept))

        return read


def _has_only_timers(selector: selectors.BaseSelector) -> bool:
    """Whether it is that of a running event loop, and only other threads can wake that."""
    import asyncio  # takes longer than a repetition; here it has been imported

    try:
        loop = vars(asyncio.get_running_loop())
    except RuntimeError:
        return False
    waker = loop.get("_ssock")
    files = set(selector.get_map())
    return loop.get("_selector") is selector and waker is not None and files == {waker.fileno()}


_CLOCKS: dict[Callable[[], Any], float] = {
    time.monotonic: 1.0,
    time.monotonic_ns: 1e-9,
    time.perf_counter: 1.0,
    time.perf_counter_ns: 1e-9,
}


_known: tuple[int, list[Place]] = (0, [])


def _places() -> list[Place]:
    """Where the loaded code keeps the originals: searched again when modules were loaded."""
    global _known  # noqa: PLW0603  # a search takes ten times as long as a repetition
    if _known[0] != len(sys.modules):
        _known = len(sys.modules), list(captured([_real_sleep, *_CLOCKS]))
    return _known[1]


@contextmanager
def virtual_sleep() -> Generator[None]:
    """Have the calling thread sleep on a clock of its own in the block; other threads sleep."""
    with ExitStack() as stack:
        clock = _Clock(stack)

        def select(self: selectors.DefaultSelector, timeout: float | None = None) -> _Events:
            return clock.select(self, timeout)

        substitutes: dict[int, Any] = {id(_real_sleep): clock.sleep}
        substitutes |= {id(real): clock.reading(real, unit) for real, unit in _CLOCKS.items()}
        places = _places()
        for place in places:
            place.put(substitutes[id(place.original)])
        selectors.DefaultSelector.select = select
        try:
            yield
        finally:
            selectors.DefaultSelector.select = _real_select
            for place in places:
                place.put(place.original)
