"""Controls the event loops of `asyncio`: their waiting, and which of their tasks goes first."""

# ruff: noqa: ANN401 - the substitutes take and return what the originals do

from __future__ import annotations

import asyncio
import selectors
import sys
from collections import deque
from collections.abc import Callable
from typing import Any, cast

from runfaults.model import Operation
from runfaults.sim.actor import Wait, current_actor
from runfaults.sim.tasks import EVENT_LOOP

PATIENCE = 128
"""What a loop does at most while a task is paused: others may go round until that task does it."""


class ReadyHandles(deque[Any]):
    """What a loop has to do next: `BaseEventLoop._ready`.

    The loop takes them in order. A schedule may pause a task at a step: it is put at the end when
    the loop has nothing else to do, as if what it waited for had taken longer. Its first step is
    never paused: tasks begin in the order in which they were made.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._loop = loop
        self._paused: list[Any] = []
        self._patience = 0

    def popleft(self) -> Any:
        """The next handle, or one that does nothing in the place of a task that is paused."""
        self._patience -= 1
        if self._patience == 0:
            self.resume()
        handle = super().popleft()
        return _nothing(self._loop) if self._pauses(handle) else handle

    def resume(self) -> bool:
        """Put the paused task behind all others; returns whether there was one."""
        self.extend(self._paused)
        resumed = bool(self._paused)
        self._paused.clear()
        return resumed

    def _pauses(self, handle: Any) -> bool:
        """Reach the point of a task's step; returns whether it is paused there."""
        actor, task = current_actor(), _task_of(handle)
        if actor is None or actor.turns.over or task is None:
            return False
        tasks = actor.turns.tasks
        name = tasks.name_of(task)
        if name is None:
            return False
        first = tasks.begin(name)
        tasks.between = self._loop
        try:
            paused = actor.turns.begin_step(name, others=bool(self) and not first)
        finally:
            tasks.between = None
        if paused:
            self._paused.append(handle)
            self._patience = PATIENCE
        return paused


def _task_of(handle: Any) -> asyncio.Task[Any] | None:
    """The task whose next step a handle is."""
    owner: Any = getattr(handle._callback, "__self__", None)  # noqa: SLF001  # as its repr does
    is_task = isinstance(owner, asyncio.Task) and not handle.cancelled()
    return cast("asyncio.Task[Any]", owner) if is_task else None


def _nothing(loop: asyncio.AbstractEventLoop) -> asyncio.Handle:
    handle = asyncio.Handle(int, (), loop)
    handle.cancel()
    return handle


class EventLoopSelector(selectors.DefaultSelector):
    """The selector of an `asyncio` loop whose thread is an actor: waits on virtual time.

    What wakes a loop is its own pipe, which `call_soon_threadsafe` writes to. A loop that waits for
    a real socket never ends its wait: there is no network in a simulation.

    Attributes:
        resume: Has the loop resume a task that is paused; returns whether there was one.
    """

    resume: Callable[[], bool]

    def select(self, timeout: float | None = None) -> list[Any]:
        """See `selectors.BaseSelector.select`."""
        actor = current_actor()
        if actor is None or actor.turns.over:
            return super().select(timeout)
        turns = actor.turns
        turns.reach(Operation.SLEEP, EVENT_LOOP)
        deadline = None if timeout is None else turns.clock + max(timeout, 0.0)
        while True:
            ready = super().select(0)
            if ready or (deadline is not None and turns.clock >= deadline) or self.resume():
                return ready
            turns.block(Wait(EVENT_LOOP), deadline)


def _new_loop(real: Callable[..., None]) -> Callable[..., None]:
    def init(loop: Any, selector: selectors.BaseSelector | None = None) -> None:
        if selector is not None or current_actor() is None:
            real(loop, selector)
            return
        selector = EventLoopSelector()
        real(loop, selector)
        loop._ready = handles = ReadyHandles(loop)  # noqa: SLF001  # what it takes its work from
        selector.resume = handles.resume

    return init


def _wake_loop(real: Callable[[Any], None]) -> Callable[[Any], None]:
    def write_to_self(loop: Any) -> None:
        real(loop)
        actor = current_actor()
        if actor is not None and not actor.turns.over:
            actor.turns.touch(loop, change=True)
            actor.turns.wake(EVENT_LOOP)

    return write_to_self


def _create_task(real: Callable[..., Any]) -> Callable[..., Any]:
    def create_task(loop: Any, coro: Any, **options: Any) -> Any:
        actor = current_actor()
        from_outside = asyncio.current_task(loop) is None
        task: Any = real(loop, coro, **options)
        if actor is not None:
            actor.turns.tasks.add(task, from_outside=from_outside)
        return task

    return create_task


def event_loop_substitutes() -> dict[tuple[Any, str], Any]:
    """The substitutes, by owner and name; none if `asyncio` is not loaded."""
    module: Any = sys.modules.get("asyncio.selector_events")
    if module is None:
        return {}
    loop = module.BaseSelectorEventLoop
    return {
        (loop, "__init__"): _new_loop(loop.__init__),
        (loop, "_write_to_self"): _wake_loop(loop._write_to_self),  # noqa: SLF001
        (loop, "create_task"): _create_task(loop.create_task),
    }
