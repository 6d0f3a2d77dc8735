"""Faults in a user's own tests: real threads, real time, no scheduler."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from types import ModuleType
from typing import Any, cast

from runfaults.model import Fault, FaultPoint
from runfaults.sqlite.engine import real_connect
from runfaults.sqlite.gate import Call, FaultKind
from runfaults.sqlite.hook import connections_through, is_watching
from runfaults.sqlite.numbering import Numbering, Point
from runfaults.sqlite.open_connections import OpenConnections
from runfaults.sqlite.plan import FaultPlan, PointCounter
from runfaults.sqlite.short_waits import ShortWaits
from runfaults.sqlite.strike import Strike
from runfaults.user_code import calling_line

# SQLite's own busy handler sleeps for 1, 2, 5, 10, ... 100 ms (SQLite source,
# `sqliteDefaultBusyCallback`).
_DELAYS = (0.001, 0.002, 0.005, 0.010, 0.015, 0.020, 0.025, 0.025, 0.025, 0.050, 0.050, 0.100)


_TOLD = 20
"""So many points of a block are told to who has named another one."""


class FaultNotInjectedError(AssertionError):
    """A fault that was asked for never struck, so the test has not tested what it says."""


class Injection(FaultPlan[Fault | Strike]):
    """What strikes in a block, and the connections that are open there."""

    def __init__(self, faults: tuple[Fault | Strike, ...]) -> None:
        super().__init__(faults, time.monotonic)
        self.connections = OpenConnections()


class ThreadGate:
    """Names the actors by their threads, and waits as long as the program asked SQLite to."""

    def __init__(self, faults: tuple[Fault | Strike, ...], *, waits: bool = True) -> None:
        self.plan = Injection(faults)
        self.reached: list[str] = []
        """The first points, each with the line of the user's code."""
        self._counter, self._numbering = PointCounter(), Numbering()
        self._lock = threading.Lock()
        self._operations = 0
        self._short = ShortWaits(lambda: self._operations, lambda: self._numbering.alone)
        self._waits = waits

    def before(self, call: Call) -> FaultKind | None:
        """Say what strikes, after the time the engine would have waited."""
        with self._lock:
            self._operations += 1
            point = self._counter.point(actor(), call.operation, call.statement.subject)
            kind = self.reach(point, self._numbering.next(), call)
        if kind is not None and self._waits and call.connection is not None and kind.waits(call):
            time.sleep(call.connection.busy_timeout)
        return kind

    def reach(self, point: FaultPoint, number: Point, call: Call) -> FaultKind | None:
        """Say what strikes at a point."""
        if len(self.reached) < _TOLD:
            place = calling_line().partition(" in ")[0]
            self.reached.append(f"{point} ({place})" if place else str(point))
        return self.plan.due(point, call, number)

    def after(self, call: Call, error: BaseException | None) -> None:
        """Hear which connections are open."""
        del error
        with self._lock:
            self.plan.connections.hear(call)

    def busy(self, call: Call, waited: int) -> bool:
        """Sleep for a moment, as long as the busy timeout is not used up."""
        if not self._waits:
            return self._short.busy(call, waited)
        assert call.connection is not None
        delays = _DELAYS + _DELAYS[-1:] * max(0, waited + 1 - len(_DELAYS))
        remaining = call.connection.busy_timeout - sum(delays[:waited])
        if remaining <= 0:
            return False
        time.sleep(min(delays[waited], remaining))
        return True


def actor() -> str:
    """What the calling thread is called in a point."""
    thread = threading.current_thread()
    return "main" if thread is threading.main_thread() else thread.name.replace(" ", "_")


@contextmanager
def inject(
    *faults: str | Fault | Strike,
    captured: tuple[ModuleType, ...] = (),
    must_strike: bool = True,
    waits: bool = True,
) -> Generator[Injection]:
    """Strike the SQLite connections that are opened inside of the block.

    Points name their actor by its thread: `main`, or the thread's name with `_` for blanks; so
    `with inject("busy at main commit x2"):` strikes the main thread's first two commits. Where
    names are random, `busy at #3` strikes the third operation of the block, and `busy at #2 of
    thread 2` the second one of the next thread.

    Only this process is struck: a child that is forked or spawned inside of the block has plain
    connections, because this process could not learn what struck there. See `arm`.

    Args:
        faults: What strikes, as text or data: `kind at actor operation [subject] [#ordinal]
            [xN | until lifted]`, or `kind at #number [of thread N] [until lifted]`.
        captured: Modules under test that did `from sqlite3 import connect`.
        must_strike: Raise at the end if a fault never struck, or could not strike at its point.
        waits: Spend the busy timeout before a lock is told, as SQLite does. Without, a test takes
            no time; other threads are waited for as long as they run.

    Yields:
        What has struck so far, and the connections that are open: `.connections.transactions()`.

    Raises:
        ValueError: if a fault cannot be read, or its kind does not exist.
        FaultNotInjectedError: at the end of a block that raised nothing itself, if a fault's point
            was never reached, or its kind cannot strike there.
    """
    planned = tuple(_read(one) if isinstance(one, str) else one for one in faults)
    gate = ThreadGate(planned, waits=waits)
    process = os.getpid()
    _require_watchable(captured)
    with connections_through(gate, *captured, in_forks=False):
        yield gate.plan
    if must_strike and os.getpid() == process:
        _complain(gate)


def _read(text: str) -> Fault | Strike:
    return Strike.parse(text) if " at #" in text else Fault.parse(text)


def _require_watchable(captured: tuple[ModuleType, ...]) -> None:
    """See that the real `connect` can be replaced where `sqlite3.connect` calls it.

    Raises:
        RuntimeError: if `sqlite3.connect` is another function, whose module is not captured.
    """
    place = cast("Any", sqlite3.connect)
    wrapped = place is not real_connect and not is_watching()
    if wrapped and not any(real_connect in vars(module).values() for module in captured):
        raise RuntimeError(
            f"sqlite3.connect is {place.__module__}.{place.__qualname__}, in whose module the real "
            "one cannot be replaced: pass the module that keeps it as `captured`"
        )


_armed = ExitStack()


def arm(*faults: str | Fault | Strike, captured: tuple[ModuleType, ...] = ()) -> Injection:
    """Strike the connections that this process opens from now on, until it ends.

    For the moment at which a worker process begins: the initializer of a `multiprocessing.Pool` or
    a `ProcessPoolExecutor`, Celery's signal `worker_process_init`. Inside of a function,
    `with inject(...)` is better.

    Args:
        faults: As for `inject`.
        captured: As for `inject`.

    Returns:
        The plan; its `struck` tells whether its faults struck, which is not checked otherwise.

    Raises:
        ValueError: if a fault cannot be read, or its kind does not exist.
        RuntimeError: if this process is armed already, or is inside of `inject`.
    """
    return _armed.enter_context(inject(*faults, captured=captured, must_strike=False))


def _complain(gate: ThreadGate) -> None:
    plan = gate.plan
    complaints = [f"{fault}: the point was never reached" for fault in plan.unreached()]
    complaints += [
        f"{fault}: cannot strike there, because {reason}" for fault, reason in plan.refused
    ]
    if complaints:
        reached = ", ".join(gate.reached) or "none"
        raise FaultNotInjectedError(
            f"{'; '.join(complaints)}. Correct the point, choose another kind, or pass "
            f"must_strike=False. The points of this block were: {reached}"
        )
