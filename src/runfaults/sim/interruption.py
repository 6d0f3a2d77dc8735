"""Ctrl-C: an exception that comes from outside, into the thread of the user.

Python's own handler raises `KeyboardInterrupt` in the main thread "between the atomic instructions
of the interpreter", and ends its waits for locks, threads and time (`signal` documentation,
"Execution of Python signal handlers"; PEP 475). So what was under way has had its effect, and its
caller does not get the answer.
"""

from __future__ import annotations

import asyncio

from runfaults.model import EventKind, Operation
from runfaults.sim.actor import Actor, State, Turns, Wait
from runfaults.sim.recorder import Recorder

NAME = "keyboard-interrupt"

HEEDED_BEFORE = frozenset({Operation.JOIN, Operation.SLEEP})
"""Those of SQLite and the start of a thread take place first."""


def is_heeded_in(wait: Wait) -> bool:
    """Whether Ctrl-C ends the wait.

    It ends one for a lock too, but then even `Condition.wait` may return without its lock: what
    follows from that is no fault of the program.
    """
    return not wait.subject.startswith("lock ")


def interrupt(actor: Actor, turns: Turns, recorder: Recorder) -> None:
    """Have `KeyboardInterrupt` raised in an actor, at the next place where it can be.

    A running event loop has a handler of its own (`asyncio.Runner`), so it is left alone.
    """

    def arrive() -> None:
        if _has_event_loop():
            return
        actor.interruption = None
        turns.touch(actor, change=True)
        recorder.add(actor.name, EventKind.THREAD, "interrupted", "KeyboardInterrupt")
        raise KeyboardInterrupt

    turns.touch(actor, change=True)
    if actor.state is not State.DONE:
        actor.interruption = arrive
        turns.wake_actor(actor)


def has_come(recorder: Recorder) -> bool:
    """Whether it has been raised in this schedule."""
    return any(
        event.kind is EventKind.THREAD and event.subject == "interrupted"
        for event in recorder.events
    )


def _has_event_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
