"""Measures where the time of a campaign goes, by a stopwatch switched between phases.

Everything has to happen in one process.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator
from time import perf_counter

from runfaults.sim.meter import Phase, measuring


class Profile:
    """A stopwatch for each phase, of which one runs.

    Args:
        clock: What tells the real time, in seconds.

    Attributes:
        seconds: Real time, by phase.
        crossings: How often the stopwatch was switched.
    """

    def __init__(self, clock: Callable[[], float] = perf_counter) -> None:
        self.seconds = dict.fromkeys(Phase, 0.0)
        self.crossings = 0
        self._clock = clock
        self._phase = Phase.EXPLORING
        self._since = clock()

    def enter(self, phase: Phase, /) -> Phase:
        """From now on it is this phase; returns the one before."""
        now = self._clock()
        before, since = self._phase, self._since
        self.seconds[before] += now - since
        self.crossings += 1
        self._phase, self._since = phase, now
        return before

    def text(self) -> str:
        """The table, the longest phase first, with what the measuring itself costs."""
        total = sum(self.seconds.values())
        lines = [
            f"  {phase:<10} {seconds:9.2f} s  {100 * seconds / (total or 1):5.1f} %"
            for phase, seconds in sorted(self.seconds.items(), key=lambda each: -each[1])
        ]
        cost = self.crossings * _cost_of_a_crossing()
        return "\n".join(
            [
                "Where the time went, in one process:",
                *lines,
                f"  all        {total:9.2f} s, of which measuring took about {cost:.2f} s",
            ]
        )


@contextlib.contextmanager
def profiled() -> Generator[Profile]:
    """Measure what happens in this process until the end of the context."""
    profile = Profile()
    with measuring(profile):
        yield profile
        profile.enter(Phase.EXPLORING)


def _cost_of_a_crossing() -> float:
    """Real seconds, measured now: the best of a few hundred."""
    idle = Profile()
    times: list[float] = []
    for _ in range(500):
        began = perf_counter()
        idle.enter(Phase.EXPLORING)
        times.append(perf_counter() - began)
    return min(times)
