"""The one controlled primitive: everything else in `threading` and `queue` is built upon it."""

from __future__ import annotations

import linecache
import re
import sys
from _thread import allocate_lock
from functools import lru_cache
from types import CodeType, TracebackType

from runfaults.model import Operation
from runfaults.sim.actor import Actor, SimulationOver, Turns, Wait, current_actor

_ASSIGNMENT = re.compile(r"\s*(?:[\w.]+\.)?(\w+)(?:\[[^\]]*\])?\s*(?::[^=]*)?=[^=]")
_PASSED_OVER = {
    "runfaults.sim.identity",
    "runfaults.sim.primitives",
    "threading",
    "queue",
    "concurrent.futures.thread",
    "concurrent.futures._base",
}

WAITER = "wait"
"""Name of the private lock on which `Condition.wait` blocks: no other code takes it, so taking it
for the first time is no yield point."""

NOTIFICATION = "notification"
"""The name of the wait in `Condition.wait`, `Event.wait`, `Queue.get`."""

TRUSTED = frozenset({"concurrent", "filelock", "logging", "tenacity"})
"""Packages whose own locks are no yield points. Waiting for one is done by the scheduler as for any
other, but no thread is paused right before it takes one: what is examined are the interleavings of
the program, not those inside these libraries."""


class ControlledLock:
    """A `threading.Lock` whose waiting is done by the scheduler, on virtual time.

    Semantics: threading documentation, "Lock Objects". A lock may outlive its schedule (a module
    keeps it): in the next one it is free. A thread outside any simulation gets a real lock.
    """

    __slots__ = ("_number", "_outside", "_owner", "_waiters", "name", "yields")

    def __init__(self, name: str, *, yields: bool = True) -> None:
        actor = current_actor()
        self._number = object.__hash__(self) if actor is None else actor.turns.number()
        self.name = name
        self.yields = yields
        self._owner: Actor | None = None
        self._waiters: list[Actor] = []
        self._outside = allocate_lock()

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:  # noqa: FBT001, FBT002
        """Take the lock.

        Raises:
            ValueError: for a timeout given to a non-blocking call, or a negative one.
        """
        if not blocking and timeout != -1:
            raise ValueError("can't specify a timeout for a non-blocking call")
        if timeout < 0 and timeout != -1:
            raise ValueError("timeout value must be a non-negative number")
        actor = current_actor()
        if actor is None:
            return self._outside.acquire(blocking, timeout)
        if self._owner is not None and self._owner.turns is not actor.turns:
            self._owner = None
            self._waiters = []
        if actor.turns.over:
            if self._owner is not None:
                raise SimulationOver
            self._owner = actor
            return True
        return self._acquire(actor, actor.turns, blocking=blocking, timeout=timeout)

    def _acquire(self, actor: Actor, turns: Turns, *, blocking: bool, timeout: float) -> bool:
        if self._owner is actor and not blocking:
            return False  # whatever others do: so `Condition` asks whether the lock is held
        if self.yields:
            turns.reach(Operation.ACQUIRE, self.name)
        turns.touch(self, change=True)
        if self._owner is not None and not blocking:
            return False
        deadline = turns.clock + timeout if timeout != -1 else None
        while self._owner is not None:
            self._waiters.append(actor)
            try:
                woken = turns.block(self._wait, deadline)
            finally:
                self._waiters.remove(actor)
            if not woken:
                return False
        turns.touch(self, change=True)
        self._owner = actor
        return True

    __enter__ = acquire

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()

    def release(self) -> None:
        """Release the lock; the actor that has waited longest becomes ready.

        Raises:
            RuntimeError: if no actor holds it.
        """
        actor = current_actor()
        if actor is None:
            self._outside.release()
            return
        if actor.turns.over:
            self._owner = None
            return
        if self._owner is None:
            raise RuntimeError("release unlocked lock")
        self._owner = None
        actor.turns.touch(self, change=True)
        if self._waiters:
            actor.turns.wake_actor(self._waiters[0])

    def locked(self) -> bool:
        """Whether it is held."""
        return self._owner is not None or self._outside.locked()

    @property
    def owner(self) -> Actor | None:
        """The actor that holds it."""
        return self._owner

    @property
    def _wait(self) -> Wait:
        # The waiter of a condition holds its private lock itself, until it is notified.
        return (
            Wait(NOTIFICATION) if self.name == WAITER else Wait(f"lock {self.name}", self._holder)
        )

    def _holder(self) -> str | None:
        return self._owner.name if self._owner is not None else None

    def _at_fork_reinit(self) -> None:
        self._owner = None
        self._outside = allocate_lock()

    def __hash__(self) -> int:
        return self._number

    def __eq__(self, other: object) -> bool:
        return self is other

    def __repr__(self) -> str:
        return f"<controlled lock {self.name} held by {self._holder()}>"


def lock_from_source() -> ControlledLock:
    """A lock with the name that the program gives it: the target of the assignment.

    Looks for the nearest frame outside `threading` and `queue`. Locks made by
    `Condition.wait` get the name `WAITER`.
    """
    frame = sys._getframe(2)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  # the documented way to look at one's callers
    while frame.f_back is not None and frame.f_globals.get("__name__") in _PASSED_OVER:
        if frame.f_code.co_name == "wait":
            return ControlledLock(WAITER, yields=False)
        frame = frame.f_back
    package = str(frame.f_globals.get("__name__")).partition(".")[0]
    name = _assigned_name(frame.f_code, frame.f_lineno)
    return ControlledLock(name, yields=package not in TRUSTED)


@lru_cache(maxsize=4096)
def _assigned_name(code: CodeType, line: int) -> str:
    match = _ASSIGNMENT.match(linecache.getline(code.co_filename, line))
    return match[1] if match else "lock"
