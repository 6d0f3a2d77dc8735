from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest
import time_machine

from runfaults.model import Event, EventKind, FaultPoint
from runfaults.sim.recorder import Recorder
from runfaults.sim.recurrence import Recurrence
from runfaults.sim.scheduler import Scheduler
from runfaults.sim.substitution import controlled_primitives
from runfaults.sim.wall_clock import EPOCH


class GoOn:
    """A director that never interrupts anybody."""

    def choose_next(self, point: FaultPoint, ready: tuple[str, ...]) -> tuple[str, ...]:
        return ()


class Switch:
    """A director that lets another actor go first at the given points."""

    def __init__(self, **at: str) -> None:
        self._at = {point.replace("_", " "): actor for point, actor in at.items()}

    def choose_next(self, point: FaultPoint, ready: tuple[str, ...]) -> tuple[str, ...]:
        actor = self._at.pop(str(point), None)
        return (actor,) if actor is not None else ()


@dataclass(frozen=True)
class Played:
    scheduler: Scheduler
    events: tuple[Event, ...]

    @property
    def escaped(self) -> list[str]:
        return [e.value for e in self.events if e.subject == "escaped"]

    @property
    def stuck(self) -> list[tuple[str, str]]:
        return [(e.subject, e.value) for e in self.events if e.kind is EventKind.STUCK]


Play = Callable[..., Played]


@pytest.fixture
def play() -> Play:
    """Runs a function as the actor `user`, in a scheduler with controlled primitives."""

    def run(
        function: Callable[[], None], *, recurrence: Recurrence | None = None, **switches: str
    ) -> Played:
        recorder = Recorder()
        director = Switch(**switches) if switches else GoOn()
        with time_machine.travel(EPOCH, tick=False) as traveller, controlled_primitives():
            scheduler = Scheduler(recorder, director, lambda now: traveller.move_to(EPOCH + now))
            scheduler.livelock.recurrence = recurrence
            try:
                scheduler.run("user", function)
                events = tuple(recorder.events)
            finally:
                recorder.closed = True
                scheduler.unwind()
        return Played(scheduler, events)

    return run
