"""Waits for the end of runs: until the database says so, or nothing more can come."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from runfaults.model import EventKind
from runfaults.sim.actor import Wait
from runfaults.sim.recorder import Recorder
from runfaults.sim.scheduler import Scheduler

_TELLING = frozenset(
    {EventKind.STATUS, EventKind.PIPELINE, EventKind.REQUEST, EventKind.REPLY, EventKind.SIGNAL}
)
"""What no program does again and again to no effect."""

_A_WHILE = 1.0
"""Virtual seconds between two looks for a start that has no answer yet."""


@dataclass(frozen=True, slots=True)
class Patience:
    """The patience of a schedule with its target.

    Attributes:
        scheduler: Whose running actor waits.
        recorder: Has what was told until now.
        seconds: Virtual seconds without news after which none comes, though threads run on; None if
            only that they go round tells it.
    """

    scheduler: Scheduler
    recorder: Recorder
    seconds: float | None
    _in_vain: set[str] = field(default_factory=set[str])

    def told(self) -> int:
        """How much the target has written and told."""
        return sum(event.kind in _TELLING for event in self.recorder.events)

    def until(self, is_over: Callable[[], bool], wait: Wait) -> None:
        """Wait until something has ended, or nothing more can come; not twice for the same."""
        if wait.subject in self._in_vain:
            return
        while not is_over():
            last, deadline = self._last(), self._deadline()
            if self.scheduler.block_until_quiet(wait, deadline):
                continue
            in_time = deadline is None or self.scheduler.clock < deadline
            if in_time or not (self._works() or self._last() > last):
                self._in_vain.add(wait.subject)
                return

    def until_answered(self) -> None:
        """Wait until no start is without its answer."""
        while self._balance(EventKind.REQUEST) > self._balance(EventKind.REPLY):
            wait = Wait("the answer to a start")
            self.scheduler.block(wait, self.scheduler.clock + _A_WHILE)

    def _balance(self, kind: EventKind) -> int:
        events = (event for event in self.recorder.events if event.kind is kind)
        return sum(event.subject.startswith("start") for event in events)

    def _deadline(self) -> float | None:
        if self.seconds is None:
            return None
        return (self.scheduler.clock if self._works() else self._last()) + self.seconds

    def _last(self) -> float:
        """When it wrote or told something last."""
        told = (event.time for event in reversed(self.recorder.events) if event.kind in _TELLING)
        return next(told, 0.0)

    def _works(self) -> bool:
        """Whether the work of a run has begun and not ended."""
        work = (event for event in self.recorder.events if event.kind is EventKind.PIPELINE)
        begun = [event.subject == "started" for event in work]
        return 2 * sum(begun) > len(begun)
