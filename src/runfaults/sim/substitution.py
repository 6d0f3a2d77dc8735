"""Puts the controlled primitives where programs look for the real ones.

A program finds its primitives in two places: as attributes of `threading`, `queue` and `time`, and
as names that its modules captured (`from threading import Lock`). Both are replaced. Every
substitute asks whether the calling thread is an actor; for any other thread it is the original.
"""

from __future__ import annotations

import contextlib
import queue
import random
import sys
import threading
import time
import uuid
from collections.abc import Callable, Generator, Iterator
from types import ModuleType
from typing import Any, cast

from runfaults.model import Operation
from runfaults.sim.actor import Actor, Wait, current_actor
from runfaults.sim.foreign import foreign_substitutes
from runfaults.sim.lock import WAITER, lock_from_source
from runfaults.sim.scheduler import real_join, real_start

_real_lock = threading.Lock
_real_rlock = threading.RLock
_real_simple_queue = queue.SimpleQueue
_real_sleep = time.sleep
_real_is_alive = threading.Thread.is_alive
_real_uuid4 = uuid.uuid4

_UNTOUCHED = ("_thread", "importlib", "_frozen_importlib", "runfaults.", "_weakrefset", "builtins")
"""Modules whose captured names stay real: the interpreter's own, and the harness."""


def _lock() -> Any:  # noqa: ANN401  # a lock of either sort
    actor = current_actor()
    if actor is None:
        return _real_lock()
    lock = lock_from_source()
    if lock.name != WAITER:
        actor.turns.locks.append(lock)
    return lock


def _rlock() -> Any:  # noqa: ANN401  # a lock of either sort
    # The pure Python reentrant lock is built upon `threading._allocate_lock`, which is `_lock`.
    return _real_rlock() if current_actor() is None else threading._PyRLock()  # type: ignore[attr-defined]  # noqa: SLF001


def _simple_queue() -> Any:  # noqa: ANN401  # a queue of either sort
    if current_actor() is None:
        return cast("Any", _real_simple_queue())
    return queue._PySimpleQueue()  # type: ignore[attr-defined]  # noqa: SLF001  # the C one blocks where nobody sees it


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


def _sleep(seconds: float) -> None:
    actor = current_actor()
    if actor is None:
        _real_sleep(seconds)
        return
    turns = actor.turns
    turns.reach(Operation.SLEEP)
    turns.touch("clock", change=True)
    turns.block(Wait("sleep"), turns.clock + max(seconds, 0.0))
    turns.touch("clock", change=True)


def _clock(real: Callable[[], Any], units_per_second: int | None) -> Callable[[], Any]:
    """A clock that shows an actor its virtual time: seconds as float, or whole units."""

    def read() -> Any:  # noqa: ANN401  # float or int, as the original
        actor = current_actor()
        if actor is None:
            return real()
        now = actor.turns.clock
        return now if units_per_second is None else round(now * units_per_second)

    return read


def _uuid4() -> uuid.UUID:
    """The operating system's randomness would differ from run to run; the seeded one does not."""
    if current_actor() is None:
        return _real_uuid4()
    return uuid.UUID(int=random.getrandbits(128), version=4)


_NANOSECONDS = 1_000_000_000

_SUBSTITUTES: dict[Any, Any] = {
    threading.Lock: _lock,
    threading.RLock: _rlock,
    queue.SimpleQueue: _simple_queue,
    time.sleep: _sleep,
    time.monotonic: _clock(time.monotonic, None),
    time.monotonic_ns: _clock(time.monotonic_ns, _NANOSECONDS),
    time.perf_counter: _clock(time.perf_counter, None),
    time.perf_counter_ns: _clock(time.perf_counter_ns, _NANOSECONDS),
    uuid.uuid4: _uuid4,
}


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
def controlled_primitives() -> Generator[None]:
    """Substitute while the context is entered; restore every name afterwards.

    Entering it costs milliseconds (all loaded modules are searched for captured names), so one
    context serves many schedules.
    """
    replaced = list(_captured_names())
    substitutes = {**_METHODS, **foreign_substitutes()}
    methods = {place: getattr(*place) for place in substitutes}
    for module, name, original in replaced:
        setattr(module, name, _SUBSTITUTES[original])
    for (owner, name), method in substitutes.items():
        setattr(owner, name, method)
    try:
        yield
    finally:
        for module, name, original in replaced:
            setattr(module, name, original)
        for (owner, name), method in methods.items():
            setattr(owner, name, method)


def _captured_names() -> Iterator[tuple[ModuleType, str, Any]]:
    """Every name of a loaded module that is bound to a primitive we control."""
    by_identity = {id(original): original for original in _SUBSTITUTES}
    for module in list(sys.modules.values()):
        # Some packages put objects that are no modules there.
        names: dict[str, Any] = getattr(module, "__dict__", {})
        if str(names.get("__name__")).startswith(_UNTOUCHED):
            continue
        for name, value in list(names.items()):
            original = by_identity.get(id(value))
            if original is not None:
                yield module, name, original
