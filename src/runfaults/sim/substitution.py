"""Puts the controlled primitives where programs look for the real ones.

A program finds its primitives as attributes of `threading`, `queue`, `time` and the modules in C
below them, and wherever loaded code has kept them (`from threading import Lock`). All are replaced.
Every substitute asks whether the calling thread is an actor; for other threads it is the original.
"""

from __future__ import annotations

import contextlib
import subprocess
import threading
from collections.abc import Callable, Generator
from typing import Any, cast

from runfaults.model import Operation
from runfaults.sim.actor import Actor, Wait, current_actor
from runfaults.sim.captured import captured, kept
from runfaults.sim.event_loop import event_loop_substitutes
from runfaults.sim.exits import noting_children
from runfaults.sim.identity import identity_substitutes
from runfaults.sim.kept_locks import kept_locks
from runfaults.sim.primitives import SUBSTITUTES
from runfaults.sim.real_threads import real_join, real_start
from runfaults.sim.used import USED

_real_is_alive = threading.Thread.is_alive


def _start(thread: threading.Thread) -> None:
    actor = current_actor()
    if actor is None:
        real_start(thread)
    else:
        actor.turns.start_thread(thread)


def _actor_of(thread: threading.Thread) -> Actor | None:
    return getattr(thread, "runfaults_actor", None)


def _join(thread: threading.Thread, timeout: float | None = None) -> None:
    caller, joined = current_actor(), _actor_of(thread)
    if caller is None or joined is None:
        real_join(thread, timeout)
        return
    turns = caller.turns
    turns.reach(Operation.JOIN, joined.name)
    turns.touch(joined, change=False)
    deadline = None if timeout is None else turns.clock + max(timeout, 0.0)
    while joined.alive:
        if not turns.block(Wait(f"thread {joined.name}", lambda: joined.name), deadline):
            return
    turns.touch(joined, change=False)


def _is_alive(thread: threading.Thread) -> bool:
    joined = _actor_of(thread)
    return _real_is_alive(thread) if joined is None else joined.alive


def _noted(real: Callable[[threading.Event], Any], *, change: bool) -> Any:  # noqa: ANN401
    """An event's method that tells the scheduler of the use: reading a flag takes no lock.

    So it counts as a look at the lock under which the flag is changed.
    """

    def method(event: threading.Event) -> Any:  # noqa: ANN401  # as the original
        answer = real(event)
        actor = current_actor()
        if actor is not None:
            lock = cast("Any", event)._cond._lock  # noqa: SLF001  # nothing else names it
            actor.turns.touch(lock, change=change)
        return answer

    return method


_METHODS: dict[tuple[type, str], Any] = {
    (threading.Thread, "start"): _start,
    (threading.Thread, "join"): _join,
    (threading.Thread, "is_alive"): _is_alive,
    (threading.Event, "is_set"): _noted(threading.Event.is_set, change=False),
    (threading.Event, "set"): _noted(threading.Event.set, change=True),
    (threading.Event, "clear"): _noted(threading.Event.clear, change=True),
}


@contextlib.contextmanager
def controlled_primitives(*more: tuple[Any, Any]) -> Generator[None]:
    """Substitute while the context is entered; put everything back afterwards.

    Entering it costs tens of milliseconds (all that is loaded is searched), so one context serves
    many schedules.

    Args:
        more: Pairs of an original and its substitute, which is also put where an instance, a
            container or a `functools.partial` has kept the original.
    """
    wanted = {original_id: substitute for original_id, (_, substitute) in SUBSTITUTES.items()}
    wanted |= {id(original): substitute for original, substitute in more}
    originals = [original for original, _ in (*SUBSTITUTES.values(), *more)]
    replaced = list(captured(originals))
    replaced += [place for original, _ in more for place in kept(original)]
    substitutes = {
        **_METHODS,
        **USED,
        **identity_substitutes(),
        (subprocess.Popen, "__init__"): noting_children(subprocess.Popen.__init__),
        **event_loop_substitutes(),
    }
    methods = {place: getattr(*place) for place in substitutes}
    locks = list(kept_locks())
    for place in replaced:
        place.put(wanted[id(place.original)])
    for (owner, name), method in substitutes.items():
        setattr(owner, name, method)
    for lock in locks:
        lock.put(lock.controlled)
    try:
        yield
    finally:
        for lock in locks:
            lock.put(lock.original)
        for place in replaced:
            place.put(place.original)
        for (owner, name), method in methods.items():
            setattr(owner, name, method)
