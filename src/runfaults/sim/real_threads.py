"""The real threads below the actors."""

from __future__ import annotations

import threading
from _thread import allocate_lock, get_ident

from runfaults.sim.actor import actors

real_start = threading.Thread.start
real_join = threading.Thread.join


class uncontrolled:  # noqa: N801  # a context manager; a generator would cost several times as much
    """The calling thread is no actor meanwhile: it gets real locks, threads and clocks."""

    __slots__ = ("_actor",)

    def __enter__(self) -> None:
        self._actor = actors.pop(get_ident(), None)

    def __exit__(self, *_: object) -> None:
        if self._actor is not None:
            actors[get_ident()] = self._actor


class _Begun:
    """Stands for the event that a thread has begun; its starter alone waits for it, and once.

    An event is a condition, a lock and a queue: to make and to await one costs as much as the
    thread itself.
    """

    __slots__ = ("_is_set", "_lock")

    def __init__(self) -> None:
        self._is_set = False
        self._lock = allocate_lock()
        self._lock.acquire()

    def is_set(self) -> bool:
        """See `threading.Event.is_set`."""
        return self._is_set

    def set(self) -> None:
        """See `threading.Event.set`."""
        self._is_set = True
        self._lock.release()

    def wait(self) -> None:
        """See `threading.Event.wait`."""
        self._lock.acquire()

    def _at_fork_reinit(self) -> None:
        """See `threading.Event`: a fork has no other thread that could wait."""


def start_really(thread: threading.Thread) -> None:
    """Start a thread that may have been created inside the simulation."""
    with uncontrolled():
        thread.daemon = True
        thread._started = _Begun()  # type: ignore[attr-defined]  # noqa: SLF001  # in place of a controlled one
        real_start(thread)
