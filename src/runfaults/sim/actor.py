"""One controlled thread."""

from __future__ import annotations

import threading
from _thread import allocate_lock, get_ident
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from _thread import LockType

    from runfaults.sim.scheduler import Scheduler


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
    """What a blocked actor waits for.

    Attributes:
        subject: `lock NAME`, `thread NAME`, `database`, `sleep`.
        holder: Asks who could end the wait; None if nobody in particular.
    """

    subject: str
    holder: Callable[[], str | None] | None = None


def _held_lock() -> LockType:
    lock = allocate_lock()
    lock.acquire()
    return lock


@dataclass(eq=False, slots=True)
class Actor:
    """A real thread that runs only while it has the baton.

    Attributes:
        name: Unique in its schedule; points and events speak of it by this name.
        scheduler: Whose baton it is.
        background: True for one that may be left waiting when everything else is over (a
            subscriber that listens); the others must come to an end, or it is a deadlock.
        of_target: Whether the target started it, and not the harness.
        thread: The OS thread.
    """

    name: str
    scheduler: Scheduler
    background: bool = False
    of_target: bool = False
    thread: threading.Thread | None = None
    state: State = State.READY
    wait: Wait | None = None
    deadline: float | None = None
    timed_out: bool = False
    baton: LockType = field(default_factory=_held_lock)

    @property
    def alive(self) -> bool:
        """Whether its function has not returned yet."""
        return self.state is not State.DONE


actors: dict[int, Actor] = {}
"""The controlled threads of this process by `threading.get_ident()`."""


def current_actor() -> Actor | None:
    """The actor that the calling thread is, or None for a thread outside any simulation."""
    return actors.get(get_ident())
