"""The tasks of a schedule's event loops: their names, their steps, and their cancellation."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from concurrent.futures import Future
from typing import Any, cast
from weakref import WeakKeyDictionary, WeakValueDictionary

from runfaults.sim.execution import Step, TaskStep

EVENT_LOOP = "event loop"
"""What a loop is called while it waits for what it has to do."""

OTHERS = "others"
"""What a schedule switches to where a task is paused: whatever else its loop has to do."""


class Tasks:
    """The tasks of a schedule, each with a name of its own: the coroutine's, and a number.

    Attributes:
        between: The loop that is between two steps now; None while code of a task runs.
    """

    def __init__(self) -> None:
        self.between: asyncio.AbstractEventLoop | None = None
        self._steps: list[tuple[Step, int]] = []
        self._names: WeakKeyDictionary[asyncio.Task[Any], str] = WeakKeyDictionary()
        self._named: WeakValueDictionary[str, asyncio.Task[Any]] = WeakValueDictionary()
        self._from_outside: set[str] = set()
        self._begun: set[str] = set()
        self._created: Counter[str] = Counter()

    def add(self, task: asyncio.Task[Any], *, from_outside: bool) -> None:
        """Give a new task its name: `Jobs.handle`, and `Jobs.handle-2` for the second one."""
        coroutine: Any = task.get_coro()
        base = re.sub(r"[\s#;]", "_", getattr(coroutine, "__qualname__", None) or "task")
        self._created[base] += 1
        name = f"{base}-{self._created[base]}" if self._created[base] > 1 else base
        self._names[task], self._named[name] = name, task
        if from_outside:
            self._from_outside.add(name)

    def name_of(self, task: asyncio.Task[Any]) -> str | None:
        """What a task is called; None if it was not made as tasks of a loop are."""
        return self._names.get(task)

    def begin(self, name: str) -> bool:
        """Note that a task makes a step; returns whether it is its first one."""
        first = name not in self._begun
        self._begun.add(name)
        if name in self._from_outside and _is_awaited(self._named[name]):
            self._from_outside.remove(name)
        return first

    def add_step(self, at: Step, number: int) -> None:
        """Note a step."""
        self._steps.append((at, number))

    @property
    def steps(self) -> tuple[TaskStep, ...]:
        """Their steps, in the order in which they were begun."""
        outside = self._from_outside
        return tuple(TaskStep(at, n, at.point.subject in outside) for at, n in self._steps)

    def cancel(self, name: str) -> bool:
        """Cancel a task as others do: between two steps of its loop; returns whether it lives."""
        task = self._named.get(name)
        if task is None or task.done():
            return False
        loop = task.get_loop()
        if loop is self.between:
            task.cancel()
        else:
            loop.call_soon_threadsafe(task.cancel)
        return True


def _is_awaited(task: asyncio.Task[Any]) -> bool:
    """Whether a thread waits for its answer: `run_until_complete`, or `Future.result`."""
    for callback, *_ in cast("Any", task)._callbacks or ():  # noqa: SLF001  # nothing else tells
        if getattr(callback, "__name__", "") == "_run_until_complete_cb":
            return True
        for cell in getattr(callback, "__closure__", None) or ():
            future = cell.cell_contents
            if isinstance(future, Future) and cast("Any", future)._condition._waiters:  # noqa: SLF001
                return True
    return False
