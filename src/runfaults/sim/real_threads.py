"""The real threads below the actors."""

from __future__ import annotations

import contextlib
import threading
from _thread import get_ident
from collections.abc import Generator

from runfaults.sim.actor import actors

real_start = threading.Thread.start
real_join = threading.Thread.join


@contextlib.contextmanager
def uncontrolled() -> Generator[None]:
    """The calling thread is no actor meanwhile: it gets real locks, threads and clocks."""
    actor = actors.pop(get_ident(), None)
    try:
        yield
    finally:
        if actor is not None:
            actors[get_ident()] = actor


def start_really(thread: threading.Thread) -> None:
    """Start a thread that may have been created inside the simulation."""
    with uncontrolled():
        thread.daemon = True
        thread._started = threading.Event()  # type: ignore[attr-defined]  # noqa: SLF001  # a real one
        real_start(thread)
