"""A subscriber that is a queue: a target puts into it what it has to tell."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from queue import Full, Queue
from typing import Any

from runfaults.targets.completion import Completion

_LINES = 8
"""Lines that stand for all that a full queue holds: more than a target takes out to make room."""


class Inbox:
    """A queue that a target has made for a subscriber, or was given, and how it is read.

    Args:
        queue: The queue.
        completion: Which message says that a run is complete.
        line: What the work may tell its subscribers before its end, as the target puts it; None
            if it tells them nothing. With one, a queue with a bound can be full.

    Attributes:
        was_full: Whether it has been filled.
        was_seen: Whether the target has seen how full it is, by another way than by a put.
    """

    def __init__(self, queue: Queue[Any], completion: Completion, line: object = None) -> None:
        self._queue = queue
        self._completion = completion
        self._line = line
        self._bound = queue.maxsize
        self.was_full = self.was_seen = False
        self._put, self._full, self._take = queue.put, queue.full, queue.get
        if self._line is not None:
            queue.put, queue.full = self.put, self.full  # `put_nowait` comes there too
            for name in ("get", "qsize", "empty"):
                setattr(queue, name, self._seen(getattr(queue, name)))

    @property
    def has_bound(self) -> bool:
        """Whether it can be full."""
        return self._bound > 0

    def put(self, item: object, block: bool = True, timeout: float | None = None) -> None:  # noqa: FBT001, FBT002  # the queue's signature
        """Put a message into the queue; the target does."""
        self._put(item, block, timeout)

    def full(self) -> bool:
        """Whether the queue is full; the target asks."""
        self.was_seen = True
        return self._full()

    def _seen(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def see(*arguments: object, **named: object) -> object:
            self.was_seen = True
            return self._emptied(real(*arguments, **named))

        return see

    def fill(self) -> None:
        """Put lines into it until it is full.

        A few stand for as many as it has room for: it has no room for more until it was emptied.
        """
        self.was_full = True
        size = len(self._queue.queue)
        self._queue.maxsize = min(size + _LINES, self._bound)
        for _ in range(self._queue.maxsize - size):
            with contextlib.suppress(Full):
                self._put(self._line, block=False)

    def _emptied(self, answer: object) -> object:
        """Who has emptied a queue that was filled has made all the room."""
        if not self._queue.queue:
            self._queue.maxsize = self._bound
        return answer

    def next_signal(self) -> str | None:
        """Wait for the next completion signal.

        Returns:
            Its status, empty if it names none; None at the end of the subscription, which a
            message of None is where no completion signal is one.
        """
        while True:
            message = self._emptied(self._take())
            status = self._completion.read(message)
            if status is not None or message is None:
                return status
