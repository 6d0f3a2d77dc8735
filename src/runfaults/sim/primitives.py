"""The substitutes for what makes threads wait and tells them the time, one for each original."""

from __future__ import annotations

import _thread
import contextlib
import importlib
import os
import queue
import random
import sys
import threading
import time
import uuid
from collections.abc import Callable
from typing import Any, cast

from runfaults.model import Operation
from runfaults.sim.actor import Wait, current_actor
from runfaults.sim.exits import BARRED, barred
from runfaults.sim.lock import WAITER, ControlledLock, lock_from_source

_real_lock = _thread.allocate_lock
_real_rlock = _thread.RLock
_real_simple_queue: Any = queue.SimpleQueue
_real_sleep = time.sleep
_real_uuid1 = uuid.uuid1
_real_uuid4 = uuid.uuid4
_real_urandom = os.urandom

_IMPORT_SYSTEM = frozenset({"importlib._bootstrap", "_frozen_importlib"})


def _is_for_an_actor() -> bool:
    """Whether an actor asked for a primitive, and not the import system on its behalf."""
    if current_actor() is None:
        return False
    asking = sys._getframe(2)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  # the documented way to look at one's callers
    return asking.f_globals.get("__name__") not in _IMPORT_SYSTEM


class _AlsoOriginals(type):
    """Makes `isinstance` of a substitute true of what it stands for."""

    originals: tuple[type, ...] = ()

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, cls.originals) or super().__instancecheck__(instance)


class _Lock(metaclass=_AlsoOriginals):
    """Substitute for `threading.Lock`: a class, as that is one since Python 3.13."""

    originals = (type(_real_lock()), ControlledLock)

    def __new__(cls) -> Any:  # noqa: ANN401  # a lock of either sort
        if not _is_for_an_actor():
            return _real_lock()
        actor = current_actor()
        assert actor is not None, "it asks"
        lock = lock_from_source()
        if lock.name != WAITER:
            actor.turns.locks.append(lock)
        return lock


_PyRLock: Any = cast("Any", threading)._PyRLock  # noqa: SLF001
"""All that it waits with is a `threading._allocate_lock`, which is `_Lock`."""

_PySimpleQueue: Any = cast("Any", queue)._PySimpleQueue  # noqa: SLF001
"""All that it waits with is a semaphore; the other one waits in C, where no scheduler sees it."""


class _RLock(_PyRLock, metaclass=_AlsoOriginals):
    """Substitute for `threading.RLock`."""

    originals = (_real_rlock, _PyRLock)

    def __new__(cls, *_: object, **__: object) -> Any:  # noqa: ANN401  # a lock of either sort
        if cls is _RLock:
            return _PyRLock() if _is_for_an_actor() else _real_rlock()
        return object.__new__(cls)


class _SimpleQueue(_PySimpleQueue, metaclass=_AlsoOriginals):
    """Substitute for `queue.SimpleQueue`."""

    originals = (_real_simple_queue, _PySimpleQueue)

    def __new__(cls) -> Any:  # noqa: ANN401  # a queue of either sort
        if cls is _SimpleQueue:
            return _PySimpleQueue() if _is_for_an_actor() else _real_simple_queue()
        return object.__new__(cls)


def _sleep(seconds: float, /) -> None:
    actor = current_actor()
    if actor is None:
        _real_sleep(seconds)
        return
    turns = actor.turns
    turns.reach(Operation.SLEEP)
    turns.touch("clock", change=True)
    turns.block(Wait("sleep"), turns.clock + max(seconds, 0.0))
    turns.touch("clock", change=True)


def _clock(real: Callable[..., Any], units_per_second: int | None) -> Callable[..., Any]:
    """A clock that shows an actor its virtual time: seconds as float, or whole units.

    Those that count a processor's time do too: what is done in between takes none.
    """

    def read(*which: int) -> Any:  # noqa: ANN401  # float or int, as the original
        actor = current_actor()
        if actor is None or (which and which[0] in _WALL_CLOCKS):
            return real(*which)  # time-machine moves the wall clock
        now = actor.turns.clock
        return now if units_per_second is None else round(now * units_per_second)

    return read


_WALL_CLOCKS = frozenset({time.CLOCK_REALTIME})

_NANOSECONDS = 1_000_000_000


def _uuid1(node: int | None = None, clock_seq: int | None = None) -> uuid.UUID:
    """The C library's would show the real clock; it is asked unless both are given."""
    if current_actor() is not None:
        node = 0 if node is None else node
        clock_seq = random.getrandbits(14) if clock_seq is None else clock_seq
    return _real_uuid1(node, clock_seq)


def _uuid4() -> uuid.UUID:
    """The operating system's randomness would differ from run to run; the seeded one does not."""
    if current_actor() is None:
        return _real_uuid4()
    return uuid.UUID(int=random.getrandbits(128), version=4)


def _urandom(size: int, /) -> bytes:
    """The same for `secrets`, `random.SystemRandom` and the newer sorts of UUID."""
    return _real_urandom(size) if current_actor() is None else random.randbytes(size)  # noqa: S311  # to be the same every time is its purpose


# What is not loaded yet would not be found below, and asks no audit when it is.
with contextlib.suppress(ImportError):  # where there is no such server, on Windows
    importlib.import_module("multiprocessing.forkserver")


def _at(name: str) -> Any:  # noqa: ANN401  # whatever has that name
    module, _, attribute = name.rpartition(".")
    return getattr(sys.modules.get(module), attribute, None)


_BY_NAME: dict[str, Any] = {
    # Some are one object under several names, and some are not, from version to version.
    "_thread.LockType": _Lock,
    "_thread.allocate": _Lock,
    "_thread.allocate_lock": _Lock,
    "_thread.lock": _Lock,
    "threading.Lock": _Lock,
    "_thread.RLock": _RLock,
    "threading.RLock": _RLock,
    "queue.SimpleQueue": _SimpleQueue,
    "time.sleep": _sleep,
    **{
        f"time.{name}{unit}": _clock(_at(f"time.{name}{unit}"), units_per_second)
        for name in ("monotonic", "perf_counter", "process_time", "thread_time", "clock_gettime")
        for unit, units_per_second in (("", None), ("_ns", _NANOSECONDS))
    },
    **{name: barred(_at(name), *how) for name, how in BARRED.items()},
    "os.urandom": _urandom,
    "uuid.uuid1": _uuid1,
    "uuid.uuid4": _uuid4,
}

SUBSTITUTES: dict[int, tuple[Any, Any]] = {
    id(original): (original, substitute)
    for name, substitute in _BY_NAME.items()
    if (original := _at(name)) is not None
}
"""Each original and its substitute by the original's identity: two built-in functions with one
implementation are equal. What this interpreter does not have is left out."""
