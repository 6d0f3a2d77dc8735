"""Runs schedules one after the other, in a place where everything is under control."""

from __future__ import annotations

import contextlib
import gc
import logging
import random
import tempfile
import warnings
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol, Self, TypedDict, Unpack

from runfaults.model import Act, Ending, Journal, Schedule
from runfaults.oracle.rule import Rule, queries_of
from runfaults.sim.acts import act_named
from runfaults.sim.database import DatabaseTemplate
from runfaults.sim.director import Director
from runfaults.sim.execution import Execution
from runfaults.sim.exits import watch_exits, watched
from runfaults.sim.gate import CurrentGate, Survey
from runfaults.sim.interpreter import require_controllable
from runfaults.sim.lines import LinesOf
from runfaults.sim.loaded import frozen
from runfaults.sim.misfortunes import SIMULATED_KINDS
from runfaults.sim.printing import logging_apart, printing_apart
from runfaults.sim.recorder import Recorder
from runfaults.sim.stuck import HangError, hang_in, in_a_clean_run
from runfaults.sim.substitution import controlled_primitives
from runfaults.sim.user import use
from runfaults.sim.visit import Visit, Visited
from runfaults.sim.wall_clock import controlled_wall_clock
from runfaults.sim.world import World
from runfaults.sqlite.clock import clock_of_python
from runfaults.sqlite.engine import real_connect
from runfaults.sqlite.gate import FaultKind
from runfaults.sqlite.hook import connections_through
from runfaults.targets.target import Entered, Target, require_threads
from runfaults.temporary import memory_backed_folder, prefix, require_room

CLEAN_ENDINGS = (Ending.SUCCEEDS, Ending.RAISES)
"""How the work ends in the runs in which nothing is in its way."""

_COLLECT_EVERY = 16
"""Schedules between garbage collections: none happens while a schedule runs. With more of them the
memory that they leave no longer fits the processor's caches, and each costs a tenth more."""

_COLLECT_ALL_EVERY = 4096
"""Schedules between those that also look at what earlier ones have kept: its size is no matter."""


class Visitors(Protocol):
    """Another process, which does acts."""

    def begin(self) -> None:
        """Start it, if it has not been started."""
        ...

    def visit(self, visit: Visit) -> Visited:
        """Have it do what a visit asks for."""
        ...

    def close(self) -> None:
        """End it."""
        ...


class How(TypedDict, total=False):
    """How a schedule is run, besides what it says itself.

    Attributes:
        director: Chooses the next actor where the schedule is silent; by default an actor runs
            until it blocks.
        survey: Fault kinds of which each fault point is asked whether they could strike there; None
            asks none.
        with_places: Also note where in the target's code each operation was called from: slow, for
            a history that a person will read.
        with_lines: Also stop at lines of the target: slow, for what is to grow there. The lines
            that the schedule itself names need no such word.
    """

    director: Director | None
    survey: Sequence[str] | None
    with_places: bool
    with_lines: bool


class Simulation:
    """A place where schedules run, one after the other: enter it once, run many.

    Inside, `sqlite3.connect`, the primitives of `threading`, `queue` and `time`, and the names
    that loaded modules captured of them, are substituted; other threads are unaffected.

    Args:
        target: The system under test.
        on_strike: Called in the struck thread right before each strike, for a debugger.
        within: Folder for its files, which are removed when it is left; None for the usual one.
        kinds: What faults strike with, by name.
        own_rules: Rules of the user's own, whose queries are asked.
        another: Another process, for the acts that need one; without it there are no such acts.
        warm: Whether the target does first what it does only once in a process.

    Raises:
        InterpreterError: if this interpreter cannot run a simulation.
        TargetError: if the target does its work in processes of its own, or hangs in a clean run.
    """

    def __init__(
        self,
        target: Target,
        on_strike: Callable[[], None] | None = None,
        within: str | None = None,
        kinds: Mapping[str, FaultKind] = SIMULATED_KINDS,
        own_rules: tuple[Rule, ...] = (),
        another: Visitors | None = None,
        *,
        warm: bool = True,
    ) -> None:
        self.own_rules = own_rules
        self._queries = queries_of(own_rules)
        require_controllable()
        require_threads(target)
        self._target = target
        self._on_strike = on_strike
        self._kinds = kinds
        self._another = another
        self._cold = set(Ending) if warm else set[Ending]()
        self._within = within or memory_backed_folder()
        self._template = DatabaseTemplate(target, self._within)
        self._lines = LinesOf(target)
        self._context = contextlib.ExitStack()
        self._folder = Path()
        self._runs = 0

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as stack:
            self._folder = Path(
                stack.enter_context(tempfile.TemporaryDirectory(prefix=prefix(), dir=self._within))
            )
            require_room(self._folder)
            if isinstance(self._target, Entered):
                stack.enter_context(self._target.entered())
            self._template.restore(self._folder, Journal.DELETE)
            watch_exits()
            stack.enter_context(watched(self._folder))
            connect = stack.enter_context(connections_through(CurrentGate()))
            stack.enter_context(controlled_primitives((real_connect, connect)))
            stack.enter_context(clock_of_python())
            stack.enter_context(_no_garbage_collection())
            stack.enter_context(_quiet_logging())
            stack.enter_context(logging_apart())
            stack.enter_context(_quiet_collection())
            stack.callback(random.setstate, random.getstate())
            if self._another is not None:
                stack.callback(self._another.close)
            stack.callback(lambda: self._lines.stop_at(()))
            if self._cold:
                self._run_cleanly()
            self._context = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._context.close()

    def _run_cleanly(self) -> None:
        """Let the target do what it does only once in a process, in runs that meet nothing.

        Raises:
            HangError: if one of them hangs.
        """
        for ending in CLEAN_ENDINGS:
            if hang := hang_in(self._play(Schedule(pipeline=ending)).history):
                raise HangError(in_a_clean_run(self._target.name, ending, hang))

    def warm_up(self, ending: Ending) -> None:
        """Let the target do what it does once in a process (imports, caches) with such an end.

        Otherwise the first history would differ from the same schedule's later ones. Each hang
        takes the whole limit of real time, so that none is awaited twice.
        """
        if ending in self._cold:
            self._cold.remove(ending)
            schedule = Schedule(pipeline=ending, acts=(Act("cancel-api"),))
            if hang_in(self._play(schedule).history):
                self._cold.clear()

    @property
    def target(self) -> Target:
        """The system under test."""
        return self._target

    def play(self, schedule: Schedule, **how: Unpack[How]) -> Execution:
        """Run one schedule to its end."""
        self.warm_up(schedule.pipeline)
        return self._play(schedule, **how)

    def _play(self, schedule: Schedule, **how: Unpack[How]) -> Execution:
        self._runs += 1
        with_places = how.get("with_places", False)
        if self._runs % _COLLECT_ALL_EVERY == 0:
            _collect(2)
        elif with_places or self._runs % _COLLECT_EVERY == 0:
            _collect(0)
        if self._another is not None and any(act_named(a.kind).of_process for a in schedule.acts):
            self._another.begin()
        random.seed(schedule.seed)
        database = self._template.restore(self._folder, schedule.journal)
        survey = how.get("survey")
        asked = None if survey is None else Survey(survey, self._kinds)
        recorder = Recorder(with_places=with_places)
        lines = None if how.get("with_lines") else schedule.lines
        self._lines.stop_at(lines)
        with controlled_wall_clock() as clock:
            world = World(
                self._target,
                schedule,
                database,
                clock,
                how.get("director"),
                asked,
                recorder,
                kinds=self._kinds,
            )
            world.scheduler.lines = None if lines == () else self._lines
            world.queries = self._queries
            if self._another is not None:
                world.visits.receives = self._another.visit
            hear = recorder.hear_afterwards
            with _each_warning(told=with_places), printing_apart(hear, self._on_strike) as strike:
                world.gate.on_strike = strike
                execution = world.play(use)
                world.forget()
                if with_places:
                    del world  # what it leaves may complain as it is collected
                    gc.collect(0)
                    history = replace(execution.history, printed=recorder.printed)
                    execution = replace(execution, history=history)
        return execution if asked is None else replace(execution, survey=tuple(asked.points))


def _collect(generation: int) -> None:
    """Collect garbage; what that prints is of schedules that have been told."""
    with printing_apart(lambda _: None):
        gc.collect(generation)


@contextlib.contextmanager
def _each_warning(*, told: bool) -> Generator[None]:
    """Have a schedule that a person will read print also what Python has warned of before."""
    with warnings.catch_warnings() if told else contextlib.nullcontext():
        yield


@contextlib.contextmanager
def _no_garbage_collection() -> Generator[None]:
    """A collection in the middle of a schedule would close leaked connections at its own whim.

    A process that has frozen most of its objects, as a test session can, has made collections cheap
    already; unfreezing would undo that.
    """
    enabled = gc.isenabled()
    gc.disable()
    gc.collect()
    is_frozen = frozen() > len(gc.get_objects())
    if not is_frozen:
        gc.freeze()
    try:
        yield
    finally:
        _collect(2)
        if not is_frozen:
            gc.unfreeze()
        if enabled:
            gc.enable()


@contextlib.contextmanager
def _quiet_collection() -> Generator[None]:
    """A connection that is left to the garbage collector is told by no warning of Python 3.13."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "unclosed database", ResourceWarning)
        yield


@contextlib.contextmanager
def _quiet_logging() -> Generator[None]:
    """A thousand provoked warnings a second are no news: without a handler nothing is printed."""
    handler = logging.NullHandler()
    logging.getLogger().addHandler(handler)
    try:
        yield
    finally:
        logging.getLogger().removeHandler(handler)
