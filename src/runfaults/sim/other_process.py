"""A second process on the same database: a real one, with a memory and a pid of its own."""

from __future__ import annotations

import contextlib
import gc
import random
from collections.abc import Callable, Generator
from functools import partial
from pathlib import Path
from typing import Any

import time_machine

from runfaults.model import EventKind, History
from runfaults.sim import acts
from runfaults.sim.host import Host
from runfaults.sim.printing import printing_apart
from runfaults.sim.recorder import Recorder
from runfaults.sim.simulation import Simulation
from runfaults.sim.visit import LONGEST, Visit, Visited
from runfaults.sim.world import EPOCH, World
from runfaults.targets import target_named
from runfaults.targets.target import Target

_ATTEMPTS = 1000
"""More than there are attempts of work in one schedule."""


class VisitingProcess:
    """Receives visits for a target, once it has begun.

    Args:
        target: Name of the system under test.
    """

    def __init__(self, target: str) -> None:
        self._target = target
        self._host: Host | None = None

    def begin(self) -> None:
        """Start the process, if there is none; not to be called by an actor."""
        if self._host is None:
            self._host = Host(receiving, self._target)

    def visit(self, visit: Visit) -> Visited:
        """Have it do what a visit asks for."""
        if self._host is None:
            raise RuntimeError("the process of a visitor was not started: begin it")
        return self._host.ask(visit)

    def close(self) -> None:
        """End the process."""
        if self._host is not None:
            self._host.close()
            self._host = None


@contextlib.contextmanager
def receiving(target: str, folder: str) -> Generator[Callable[[Any], Visited]]:
    """Answers with what a visitor did; see `Host`."""
    system = target_named(target)
    with Simulation(system, within=folder) as simulation:
        yield partial(_receive, system, simulation)


def _receive(target: Target, simulation: Simulation, visit: Visit) -> Visited:
    schedule = visit.surroundings
    simulation.warm_up(schedule.pipeline)
    random.seed(f"{schedule.seed}, process {visit.number}")
    recorder = Recorder(with_places=visit.with_places)
    world = _VisitorsWorld(target, visit, recorder)
    began = EPOCH + visit.clock
    with (
        time_machine.travel(began, tick=False) as traveller,
        printing_apart(recorder.hear_afterwards),
    ):
        world.wall_clock = lambda moment: traveller.move_to(moment + visit.clock)
        history = world.play().history
        world.forget()
        gc.collect(0)
    return Visited(history, world.scheduler.clock, _kept_out(history))


def _kept_out(history: History) -> str:
    """Why a visit proves nothing: what it needed is what the process that stands still would do."""
    for event in history.events:
        if event.kind is EventKind.STUCK:
            return f"it cannot continue while the other process stands still: {event.value}"
        if event.kind is EventKind.WAIT and event.subject == "database" and not event.value:
            return "it waits for a lock of the process that stands still"
        if event.kind is EventKind.ERROR and "SQLITE_BUSY" in event.value:
            return "the process that stands still has the database locked"
    return ""


class _VisitorsWorld(World):
    """A visitor, and all that it starts.

    Args:
        target: The system under test.
        visit: What it is to do.
        recorder: Takes the events.
    """

    def __init__(self, target: Target, visit: Visit, recorder: Recorder) -> None:
        database = Path(visit.database)
        super().__init__(
            target, visit.surroundings, database, None, None, recorder, seen=visit.seen
        )
        self.scheduler.livelock.longest = LONGEST
        self._visit = visit
        self._work.done_before = _ATTEMPTS * (visit.number - 1)
        if visit.act != "start":
            self._run = visit.run

    def _user(self) -> None:
        if not acts.open_first(self, "user"):
            return
        if self._visit.act == "start":
            own = acts.start_first(self, "user")
            self._know(own)
            if own is not None:
                acts.wait(self, partial(self.await_end, own))
        else:
            acts.act_named(self._visit.act).perform(self, "user")
        acts.close(self, "user")

    def _know(self, run: int | None) -> None:
        if run not in self._visit.known:  # no signal of another process's run is owed here
            super()._know(run)
