"""One controlled thread, and what it asks of its scheduler."""

from __future__ import annotations

import os
import threading
from _thread import allocate_lock, get_ident
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TYPE_CHECKING, NamedTuple, NoReturn, Protocol

from runfaults.model import FaultPoint, Operation
from runfaults.sim.tasks import Tasks
from runfaults.sqlite.gate import Gate

if TYPE_CHECKING:
    from _thread import LockType


class SimulationOver(BaseException):
    """Raised inside a controlled thread that is still waiting when its schedule has ended.

    It unwinds the thread; nothing that happens on the way is part of the history.
    """


class State(Enum):
    """Where an actor is in its life."""

    READY = auto()
    """Could run, is running, or has just been created."""
    BLOCKED = auto()
    DONE = auto()


class Wait(NamedTuple):
    """The wait of a blocked actor.

    Attributes:
        subject: `lock NAME`, `thread NAME`, `database`, `sleep`.
        holder: Asks which actor could end the wait; None if no particular one could.
    """

    subject: str
    holder: Callable[[], str | None] | None = None


class Held(Protocol):
    """A lock of the target."""

    @property
    def name(self) -> str:
        """The name that the program gives it."""
        ...

    @property
    def owner(self) -> Actor | None:
        """The actor that holds it."""
        ...


class Turns(Protocol):
    """The questions and requests of an actor to its scheduler.

    Attributes:
        clock: Virtual seconds since the schedule began.
        over: True from the end of the schedule on: threads still waiting are being unwound.
        locks: Every lock that actors have made, except the private ones of `Condition.wait`.
        tasks: Those of event loops.
    """

    clock: float
    over: bool
    locks: list[Held]
    tasks: Tasks

    @property
    def running(self) -> Actor:
        """The actor that has the baton."""
        ...

    def number(self) -> int:
        """The next number for something that an actor makes; the same in every replay."""
        ...

    def reach(self, operation: Operation, subject: str = "") -> FaultPoint:
        """A yield point: the running actor is about to do something others can see.

        Returns when it is this actor's turn to do it.
        """
        ...

    def begin_step(self, task: str, *, others: bool) -> bool:
        """Let others go first at the step of a task, if the schedule wants that.

        It is a yield point of those schedules only that name it.

        Args:
            task: Its name.
            others: Whether its loop has something else to do.

        Returns:
            Whether the task is paused for that.
        """
        ...

    def touch(self, thing: object, *, change: bool) -> None:
        """Note that the running actor uses something that others may use too."""
        ...

    def leave(self, why: str) -> NoReturn:
        """End the schedule here: what the running actor is about to do, no schedule can order.

        Raises:
            SimulationOver: always.
        """
        ...

    def block(self, wait: Wait, deadline: float | None = None) -> bool:
        """Resume other actors until one wakes the running actor, or its deadline is reached.

        Args:
            wait: What it waits for.
            deadline: Virtual time at which it is resumed anyway.

        Returns:
            True if it was woken, False if the deadline was reached first.
        """
        ...

    def wake(self, subject: str) -> None:
        """Make every actor ready that waits for `subject`, in the order of its creation."""
        ...

    def wake_actor(self, actor: Actor) -> None:
        """Make one blocked actor ready."""
        ...

    def hear(self, text: str) -> None:
        """Note what the running actor prints."""
        ...

    def call(self, subject: str, thing: object, real: Callable[[], object]) -> object:
        """Use something that is none of the target's own, where a fault may strike.

        Args:
            subject: The point's: `client.close`.
            thing: What is used.
            real: Uses it.
        """
        ...

    def start_thread(self, thread: threading.Thread) -> None:
        """Start a thread of the target as an actor."""
        ...

    def fail(self, error: Exception) -> NoReturn:
        """End the schedule, because the harness itself made a mistake; who runs it gets the error.

        Raises:
            SimulationOver: which unwinds the running actor.
        """
        ...


def _held_lock() -> LockType:
    lock = allocate_lock()
    lock.acquire()
    return lock


@dataclass(eq=False, slots=True)
class Actor:
    """A real thread that runs only while it has the baton.

    Attributes:
        name: Unique in its schedule; points and events speak of it by this name.
        turns: The scheduler, whose baton it is.
        gate: What its database connections pass through, if it has any.
        background: True for one that may be left waiting when everything else has ended (a
            subscriber that listens); the others must end, or it is a deadlock.
        of_target: Whether the target started it, and not the harness.
        thread: The OS thread.
        since: The number of steps when it was blocked last, or when it was resumed after that.
        resumed: How often it was handed the baton.
        until_quiet: Whether it waits only as long as something else can happen.
        interruption: Raises what has arrived from outside; None if nothing has.
    """

    name: str
    turns: Turns
    gate: Gate | None = None
    background: bool = False
    of_target: bool = False
    thread: threading.Thread | None = None
    state: State = State.READY
    wait: Wait | None = None
    deadline: float | None = None
    timed_out: bool = False
    since: int = 0
    resumed: int = 0
    until_quiet: bool = False
    interruption: Callable[[], None] | None = None
    baton: LockType = field(default_factory=_held_lock)

    @property
    def alive(self) -> bool:
        """Whether its function has not returned yet."""
        return self.state is not State.DONE

    def park(self) -> None:
        """Wait, as this actor, for the baton."""
        self.baton.acquire()

    def heed(self) -> None:
        """As this actor, raise what has arrived from outside, if that can be raised here.

        Raises:
            KeyboardInterrupt: that has arrived.
        """
        if self.interruption is not None:
            self.interruption()

    def resume(self) -> None:
        """Hand the baton to this actor."""
        self.resumed += 1
        self.baton.release()


actors: dict[int, Actor] = {}
"""The controlled threads of this process by `threading.get_ident()`."""

if hasattr(os, "register_at_fork"):
    # A child has one thread, and no scheduler that would ever give it the baton.
    os.register_at_fork(after_in_child=actors.clear)


def current_actor() -> Actor | None:
    """The actor that the calling thread is, or None for a thread outside any simulation."""
    return actors.get(get_ident())
