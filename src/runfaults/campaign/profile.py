"""Where the time of an exploration goes: clocks at the borders between its parts.

At any moment one thread does something and all others wait for it, so one stopwatch is enough: it
is switched at each border that is crossed. Everything has to happen in one process.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Generator
from enum import StrEnum
from time import perf_counter
from typing import Any

from runfaults.explore import runner
from runfaults.sim.actor import Actor
from runfaults.sim.database import DatabaseTemplate
from runfaults.sim.gate import CurrentGate
from runfaults.sim.scheduler import Scheduler
from runfaults.sim.world import World


class Phase(StrEnum):
    """What an exploration does at a moment."""

    DATABASE = "database"
    """The target's operations on SQLite, with the faults that strike them."""
    WATCHING = "watching"
    """A fresh database for each schedule, and reading the audit of statuses."""
    SWITCHING = "switching"
    """Deciding at each yield point who goes on and what strikes, and handing over."""
    TARGET = "target"
    """The target's own code, and the script that drives it."""
    ORACLE = "oracle"
    """Judging histories."""
    EXPLORING = "exploring"
    """Choosing schedules, setting up a world for each, counting what came of them."""
    REPORTING = "reporting"


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

    def enter(self, phase: Phase) -> Phase:
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

    def border(
        self, function: Callable[..., Any], during: Phase, after: Phase | None
    ) -> Callable[..., Any]:
        """The function, measured; afterwards it is the given phase, or the one before."""

        @functools.wraps(function)
        def measured(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401  # as the original
            before = self.enter(during)
            try:
                return function(*arguments, **named)
            finally:
                self.enter(after or before)

        return measured

    def beginning(self, perform: Callable[..., Any]) -> Callable[..., Any]:
        """The life of an actor's thread, whose own code belongs to the target."""

        def measured(scheduler: Scheduler, actor: Actor, function: Callable[[], None]) -> None:
            def of_target() -> None:
                self.enter(Phase.TARGET)
                function()

            perform(scheduler, actor, of_target)

        return measured

    def ending(self, end: Callable[..., Any]) -> Callable[..., Any]:
        """The end of an actor's thread: when it returns, another has the stopwatch already."""

        def measured(scheduler: Scheduler, actor: Actor) -> None:
            self.enter(Phase.SWITCHING)
            end(scheduler, actor)

        return measured


_BORDERS: tuple[tuple[Any, str, Phase, Phase | None], ...] = (
    (CurrentGate, "before", Phase.SWITCHING, Phase.DATABASE),
    (CurrentGate, "busy", Phase.SWITCHING, Phase.DATABASE),
    (CurrentGate, "after", Phase.SWITCHING, Phase.TARGET),
    (Scheduler, "reach", Phase.SWITCHING, None),
    (Scheduler, "block", Phase.SWITCHING, None),
    (World, "play", Phase.SWITCHING, Phase.EXPLORING),
    (World, "_observe", Phase.WATCHING, None),
    (DatabaseTemplate, "restore", Phase.WATCHING, None),
    (runner, "judge", Phase.ORACLE, None),
)
"""Where time passes from one phase to another: the phase within, and the one after."""


@contextlib.contextmanager
def profiled() -> Generator[Profile]:
    """Measure what happens in this process until the end of the context."""
    profile = Profile()
    replaced = [(owner, name, getattr(owner, name)) for owner, name, _, _ in _BORDERS]
    lives = [(Scheduler, name, getattr(Scheduler, name)) for name in ("_perform", "_end")]
    try:
        for owner, name, during, after in _BORDERS:
            setattr(owner, name, profile.border(getattr(owner, name), during, after))
        for (owner, name, original), wrap in zip(
            lives, (profile.beginning, profile.ending), strict=True
        ):
            setattr(owner, name, wrap(original))
        yield profile
        profile.enter(Phase.EXPLORING)
    finally:
        for owner, name, original in (*replaced, *lives):
            setattr(owner, name, original)


def _cost_of_a_crossing() -> float:
    """Real seconds, measured now: the best of a few hundred."""
    idle = Profile()
    times: list[float] = []
    for _ in range(500):
        began = perf_counter()
        idle.enter(Phase.EXPLORING)
        times.append(perf_counter() - began)
    return min(times)
