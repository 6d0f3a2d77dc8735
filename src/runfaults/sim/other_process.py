"""A second process on the same database: a real one, with a memory and a pid of its own."""

from __future__ import annotations

import contextlib
import gc
import random
from collections.abc import Callable, Generator
from functools import partial
from pathlib import Path
from typing import Any

from runfaults.model import EventKind, History
from runfaults.sim import acts
from runfaults.sim.host import Host
from runfaults.sim.printing import printing_apart
from runfaults.sim.recorder import Recorder
from runfaults.sim.simulation import Simulation
from runfaults.sim.visit import LONGEST, Visit, Visited
from runfaults.sim.wall_clock import EPOCH, controlled_wall_clock
from runfaults.sim.world import World
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
    database = Path(visit.database)
    recorder = Recorder(with_places=visit.with_places)
    with (
        controlled_wall_clock(EPOCH + visit.clock) as clock,
        printing_apart(recorder.hear_afterwards),
    ):
        world = World(target, schedule, database, clock, None, None, recorder, seen=visit.seen)
        world.scheduler.livelock.longest = LONGEST
        world.work.done_before = _ATTEMPTS * (visit.number - 1)
        world.runs.before = frozenset(visit.known)  # no signal of them is owed here
        world.runs.own = None if visit.act == "start" else visit.run
        history = world.play(partial(_visit, visit)).history
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


def _visit(visit: Visit, world: World) -> None:
    """What the visitor does."""
    if not acts.open_first(world, "user"):
        return
    if visit.act == "start":
        own = acts.start_first(world, "user")
        world.know(own)
        if own is not None:
            acts.wait(world, partial(world.ends.wait_for, own))
    else:
        acts.act_named(visit.act).perform(world, "user")
    acts.close(world, "user")
