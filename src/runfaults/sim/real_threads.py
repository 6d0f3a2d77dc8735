"""The real threads below the actors."""

from __future__ import annotations

import threading
from _thread import get_ident

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


def start_really(thread: threading.Thread) -> None:
    """Start a thread that may have been created inside the simulation."""
    with uncontrolled():
        thread.daemon = True
        thread._started = threading.Event()  # type: ignore[attr-defined]  # noqa: SLF001  # a real one
        real_start(thread)
