"""Points by number: names may be random, and numbers are the same."""

from __future__ import annotations

import threading
from typing import NamedTuple


class Point(NamedTuple):
    """An operation, counted.

    Attributes:
        number: Of the operations of its thread since the counting began, from 1.
        thread: Of the threads that have performed operations since then, from 1: the one in which
            the counting began.
    """

    number: int
    thread: int = 1

    def __str__(self) -> str:
        thread = f" of thread {self.thread}" if self.thread > 1 else ""
        return f"#{self.number}{thread}"


class Numbering:
    """Counts operations, each thread's by themselves, from the moment at which it is made."""

    def __init__(self) -> None:
        self._last = {threading.get_ident(): Point(0)}

    def next(self) -> Point:
        """The number of the operation that the calling thread is about to perform."""
        thread = threading.get_ident()
        last = self._last.get(thread) or Point(0, len(self._last) + 1)
        self._last[thread] = point = last._replace(number=last.number + 1)
        return point

    @property
    def alone(self) -> bool:
        """Whether no thread but the calling one has performed any."""
        return self._last.keys() <= {threading.get_ident()}
