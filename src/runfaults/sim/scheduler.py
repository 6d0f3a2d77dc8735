"""Makes a schedule happen: real threads, exactly one running, switched at yield points only."""

from __future__ import annotations

import contextlib
import itertools
import re
import threading
from _thread import allocate_lock, get_ident
from collections.abc import Callable, Mapping
from typing import NoReturn

from runfaults.model import EventKind, FaultPoint, Operation
from runfaults.sim.actor import Actor, Held, SimulationOver, State, Wait, actors
from runfaults.sim.director import RESUMED, Director
from runfaults.sim.execution import Segment, Step, Used
from runfaults.sim.interruption import HEEDED_BEFORE, is_heeded_in
from runfaults.sim.lines import LinesOf
from runfaults.sim.livelock import Livelock
from runfaults.sim.meter import Phase, border, enter
from runfaults.sim.real_threads import real_join, start_really, uncontrolled
from runfaults.sim.recorder import Recorder
from runfaults.sim.recurrence import Leap
from runfaults.sim.stuck import MAY_RAISE, deadlock_among, ends_while_it_progresses, who_hangs
from runfaults.sim.tasks import OTHERS, Tasks
from runfaults.sqlite.gate import Call, Gate
from runfaults.sqlite.plan import PointCounter
from runfaults.sqlite.statement import Statement
from runfaults.user_code import place_of, told

SLICE = 128
"""Yield points in a row after which an actor is paused whenever another one is ready."""

_LINE = Operation.LINE
_NO_STATEMENT = Statement("")

MAX_LINES = 100_000
"""Lines that are yield points: a loop that polls an attribute must not fill the memory."""

HANG_SECONDS = 20.0
"""Real seconds without a yield point after which a schedule is called hung: some thread waits for
something that the scheduler does not control."""


class Scheduler:
    """Runs actors one at a time on a virtual clock.

    An actor runs until it blocks, ends, or is preempted at a yield point by the director. The
    scheduler then resumes the actor that has been ready longest. If none is ready, it advances the
    clock to the earliest deadline.

    Attributes:
        clock: Virtual seconds since the schedule began.
        steps: Every yield point, in the order in which they were reached.
        segments: What the actors did between them, in the order in which they did it.
        over: True from the end of the schedule on: threads still waiting are being unwound.
        all_actors: Every actor there has been.
        locks: Every lock that actors have made, except the private ones of `Condition.wait`.
        gate: Given to each actor; see `Actor`.
        use: Performs what is none of SQLite, or has a fault strike it.
        used: What was used that is none of the target's own.
        actor_names: How to call a thread of the target, by the beginning of the thread's own name;
            `run` if it is not among them.
        tasks: Those of event loops.
        livelock: Ends the schedule where it goes nowhere.
        lines: What makes lines of the target yield points, if the schedule asks for them.
    """

    def __init__(
        self,
        recorder: Recorder,
        director: Director,
        advanced: Callable[[float], None],
    ) -> None:
        self.clock = recorder.clock = 0.0
        self.steps: list[Step] = []
        self.segments: list[Segment] = []
        self.over = False
        self.all_actors: list[Actor] = []
        self.locks: list[Held] = []
        self.tasks = Tasks()
        self.gate: Gate | None = None
        self.use: Callable[[FaultPoint, Call], object] = lambda _, call: call.real()
        self.used: list[Used] = []
        self.actor_names: Mapping[str, str] = {}
        self.lines: LinesOf | None = None
        self._lines_reached = 0
        self.livelock = Livelock(self, recorder)
        self._recorder = recorder
        self._director = director
        self._advanced = advanced
        self._points = PointCounter()
        self._ready: list[Actor] = []
        self._touched: dict[tuple[object, bool], None] = {}
        self.number = itertools.count(1).__next__
        self._leaving: threading.Thread | None = None
        self._failure: Exception | None = None
        self._finished = allocate_lock()
        self._finished.acquire()

    # --- the harness's side -------------------------------------------------------------------

    def run(self, name: str, function: Callable[[], None]) -> None:
        """Run `function` as the first actor, and all that it starts, until no actor can run.

        Threads may be left waiting: call `unwind` when everything has been looked at.
        """
        self.spawn(name, function)
        self._resume(self._next())
        try:
            if not ends_while_it_progresses(
                lambda seconds: self._finished.acquire(timeout=seconds),
                lambda: len(self.steps) + len(self.segments),
                HANG_SECONDS,
            ):
                self._recorder.get_stuck("hang", who_hangs(self.all_actors, HANG_SECONDS))
            self._join_finished()
        finally:
            self.over = True  # after Ctrl-C too
        if self._failure is not None:
            raise self._failure

    def spawn(self, name: str, function: Callable[[], None], *, background: bool = False) -> Actor:
        """Add an actor of the harness's own; it is ready at once."""
        actor = Actor(name, self, self.gate, background)
        with uncontrolled():
            thread = threading.Thread(target=self._perform, args=(actor, function), name=name)
        self._begin(actor, thread)
        return actor

    def unwind(self) -> None:
        """End the threads that still wait, one after the other."""
        for actor in self.all_actors:
            if actor.state is not State.DONE:
                with contextlib.suppress(RuntimeError):
                    actor.resume()
            if actor.thread is not None:
                real_join(actor.thread, 1.0)

    def end_here(self) -> NoReturn:
        """See `Course`."""
        actor = self.running
        self._finish()
        if actor.alive:
            actor.park()  # what it holds is looked at, as it is
        raise SimulationOver

    def reached(self, like: FaultPoint) -> int:
        """How many points there have been that differ from one by their ordinal alone."""
        return self._points.count(like)

    # --- what a running actor asks for --------------------------------------------------------

    @border(Phase.SWITCHING)
    def reach(self, operation: Operation, subject: str = "") -> FaultPoint:
        """See `Turns`."""
        actor = self.running
        point = self._points.point(actor.name, operation, subject)
        is_line = operation is _LINE
        if self.over or (is_line and self._lines_reached == MAX_LINES):
            return point
        ready = tuple([other.name for other in self._ready])
        number = len(self.steps)
        self.steps.append(Step(point, ready, len(self._recorder.events), len(self.segments)))
        if is_line:
            self._lines_reached += 1
            self._switch(actor, point, ready)
        else:
            self.livelock.look(point, self._operations)
            self._switch(actor, point, ready)
            if self._ready:
                self._end_slice(actor)
        self._begin_segment(actor, number)
        if operation in HEEDED_BEFORE:
            actor.heed()
        return point

    def begin_step(self, task: str, *, others: bool) -> bool:
        """See `Turns`."""
        actor = self.running
        point = self._points.point(actor.name, Operation.TASK, task)
        ready = (*[other.name for other in self._ready], *[OTHERS] * others)
        begun = len(self.segments)
        step = Step(point, ready, len(self._recorder.events), begun)
        self.tasks.add_step(step, len(self.steps))
        paused = OTHERS in self._switch(actor, point, ready)
        if len(self.segments) > begun:
            self._begin_segment(actor)
        return paused

    def touch(self, thing: object, *, change: bool) -> None:
        """See `Turns`."""
        self._touched[thing, change] = None

    @border(Phase.SWITCHING)
    def block(self, wait: Wait, deadline: float | None = None) -> bool:
        """See `Turns`."""
        actor = self.running
        if self.over:
            raise SimulationOver
        if is_heeded_in(wait):
            actor.heed()
        holder = wait.holder() if wait.holder is not None else None
        self._recorder.add(actor.name, EventKind.WAIT, wait.subject, holder or "")
        actor.state, actor.wait, actor.deadline = State.BLOCKED, wait, deadline
        actor.timed_out, actor.since = False, self._operations
        self._hand_over(actor, self._next())
        if is_heeded_in(wait):
            actor.heed()
        actor.since = self._operations
        point = self._points.point(actor.name, Operation.REACH, RESUMED)
        self._switch(actor, point, tuple([other.name for other in self._ready]))
        self._begin_segment(actor)
        return not actor.timed_out

    def block_until_quiet(self, wait: Wait, deadline: float | None = None) -> bool:
        """Block the running actor until it is woken, or nothing else can happen any more.

        Args:
            wait: What it waits for.
            deadline: Virtual time at which it is resumed anyway.

        Returns:
            True if it was woken.
        """
        actor = self.running
        actor.until_quiet = True
        try:
            return self.block(wait, deadline)
        finally:
            actor.until_quiet = False

    def leave(self, why: str) -> NoReturn:
        """See `Turns`."""
        self._recorder.get_stuck("uncontrolled", why)
        self._finish()
        raise SimulationOver

    def wake(self, subject: str) -> None:
        """See `Turns`."""
        for actor in self.all_actors:
            if actor.wait and actor.wait.subject == subject and actor.state is State.BLOCKED:
                self._make_ready(actor)

    def wake_actor(self, actor: Actor) -> None:
        """See `Turns`."""
        if actor.state is State.BLOCKED:
            self._make_ready(actor)

    def hear(self, text: str) -> None:
        """See `Turns`."""
        self._recorder.hear(text)

    def call(self, subject: str, thing: object, real: Callable[[], object]) -> object:
        """See `Turns`."""
        if self.over:
            return real()
        point = self._points.point(self.running.name, Operation.CALL, subject)
        self.used.append(Used(point, len(self.steps) - 1, len(self.segments) - 1))
        call = Call(Operation.CALL, _NO_STATEMENT, None, real=real, thing=thing)
        return self.use(point, call)

    def start_thread(self, thread: threading.Thread) -> None:
        """Start a thread of the target as an actor: the controlled `Thread.start`."""
        known = (actor for name, actor in self.actor_names.items() if thread.name.startswith(name))
        base = next(known, "run")
        numbered = re.compile(rf"{base}(-\d+)?")
        spawned = sum(numbered.fullmatch(actor.name) is not None for actor in self.all_actors)
        name = f"{base}-{spawned + 1}" if spawned else base
        self.use(self.reach(Operation.SPAWN, name), Call(Operation.SPAWN, _NO_STATEMENT, None))
        actor = Actor(name, self, self.gate, of_target=True)
        self.touch(actor, change=True)
        run = thread.run
        thread.run = lambda: self._perform(actor, run)
        self._recorder.add(name, EventKind.THREAD, "started")
        starter = self.running
        self._begin(actor, thread)
        starter.heed()

    @property
    def running(self) -> Actor:
        """The actor that has the baton."""
        actor = actors.get(get_ident())
        if actor is None or actor.turns is not self:
            raise RuntimeError(
                "a yield point was reached by a thread that this simulation does not control; "
                "only threads started inside the simulation can take part"
            )
        return actor

    def fail(self, error: Exception) -> NoReturn:
        """See `Turns`."""
        if not self.over:
            self._failure = error
            self._finish()
        raise SimulationOver

    # --- inside -------------------------------------------------------------------------------

    def _begin(self, actor: Actor, thread: threading.Thread) -> None:
        actor.thread = thread
        thread.runfaults_actor = actor  # type: ignore[attr-defined]  # found again by join
        self.all_actors.append(actor)
        self._ready.append(actor)
        try:
            start_really(thread)
        except BaseException:
            self.all_actors.remove(actor)
            self._ready.remove(actor)
            raise

    def _perform(self, actor: Actor, function: Callable[[], None]) -> None:
        """The whole life of an actor's thread."""
        actors[get_ident()] = actor
        try:
            actor.park()
            self._join_finished()
            if not self.over:
                self.reach(Operation.REACH, "begin")
                self.touch(actor, change=True)
                enter(Phase.TARGET)
                lines = self.lines
                with lines.in_thread(actor.name) if lines else contextlib.nullcontext():
                    function()
                self.reach(Operation.REACH, "end")
        except SimulationOver:
            pass
        except BaseException as error:  # noqa: BLE001  # whatever escapes is what we look for
            if not self.over:
                self._escaped(actor, error)
        finally:
            self._end(actor)
            del actors[get_ident()]

    def _escaped(self, actor: Actor, error: BaseException) -> None:
        """What the target's own threads die of is judged; what the adapter raises is not."""
        if actor.of_target:
            self._recorder.escape(actor.name, error)
            return
        self._recorder.get_stuck(
            "uncontrolled",
            f"the adapter raised {told(error)}{place_of(error)}; {MAY_RAISE}",
        )
        self._finish()

    def _end(self, actor: Actor) -> None:
        enter(Phase.SWITCHING)
        actor.state = State.DONE
        if self.over:
            return
        self._recorder.add(actor.name, EventKind.THREAD, "ended")
        self.touch(actor, change=True)
        self.wake(f"thread {actor.name}")
        self._leaving = actor.thread
        with contextlib.suppress(SimulationOver):  # the time until the next one is too long
            self._resume(self._next())

    def _join_finished(self) -> None:
        """Wait until the thread that ended last is gone.

        Only then are its thread-locals: a connection that it kept there is closed by that.
        """
        thread, self._leaving = self._leaving, None
        if thread is not None:
            with uncontrolled():
                real_join(thread)

    def _switch(self, actor: Actor, point: FaultPoint, ready: tuple[str, ...]) -> tuple[str, ...]:
        """Switch to the actors the director chooses until it chooses none; returns all it chose."""
        chosen: tuple[str, ...] = ()
        while names := self._director.choose_next(point, ready):
            chosen += names
            first = [other for name in names for other in self._ready if other.name == name]
            if not first:
                break
            rest = [other for other in self._ready if other not in first]
            self._ready = [*first, actor, *rest]
            self._hand_over(actor, self._next())
            ready = tuple([other.name for other in self._ready])
        return chosen

    def _end_slice(self, actor: Actor) -> None:
        """Resume the others, as an operating system does, if this one keeps running."""
        if self._operations - actor.since >= SLICE:
            self._ready.append(actor)
            self._hand_over(actor, self._next())

    def _begin_segment(self, actor: Actor, step: int = -1) -> None:
        self._touched = {}
        self.segments.append(Segment(actor.name, step, self.clock, self._touched))

    def _make_ready(self, actor: Actor) -> None:
        actor.state, actor.wait, actor.deadline = State.READY, None, None
        self._ready.append(actor)

    def _next(self) -> Actor | None:
        """The actor to resume: the longest ready, else the one with the earliest deadline."""
        if not self._ready:
            due = [actor for actor in self.all_actors if actor.deadline is not None]
            if due:
                first = min(due, key=lambda actor: actor.deadline or 0.0)
                self.advance(first.deadline or 0.0)
                first.timed_out = True
                self._make_ready(first)
            else:
                self.rouse()
        return self._ready.pop(0) if self._ready else None

    def rouse(self) -> bool:
        """See `Course`."""
        for actor in self.all_actors:
            if actor.until_quiet and actor.state is State.BLOCKED:
                actor.timed_out = True
                self._make_ready(actor)
                return True
        return False

    @property
    def _operations(self) -> int:
        """Yield points that are there whether or not lines are."""
        return len(self.steps) - self._lines_reached

    def leap(self, leap: Leap) -> None:
        """See `Course`."""
        self.advance(self.clock + leap.seconds)
        for actor in self.all_actors:
            if actor.deadline is None:
                continue
            if actor not in leap.asleep:
                actor.deadline += leap.seconds
            elif actor.deadline <= self.clock:
                actor.timed_out = True
                self._make_ready(actor)

    def advance(self, to: float) -> None:
        """Let virtual time pass in which no actor does anything."""
        self.livelock.require_time(to)
        self.clock = self._recorder.clock = max(self.clock, to)
        self._advanced(self.clock)

    def _hand_over(self, actor: Actor, successor: Actor | None) -> None:
        """Pass the baton on and wait until it comes back."""
        if successor is not actor:
            self._resume(successor)
            actor.park()
            self._join_finished()
        if self.over:
            raise SimulationOver

    def _resume(self, actor: Actor | None) -> None:
        if actor is None:
            if why := deadlock_among(self.all_actors):
                self._recorder.get_stuck("deadlock", why)
            self._finish()
        else:
            actor.resume()

    def _finish(self) -> None:
        self.over = True
        with contextlib.suppress(RuntimeError):
            self._finished.release()
