"""When a failed attempt is worth another, and how long to wait for it."""

import gc
import itertools
import random
import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

Result = TypeVar("Result")

_HOPELESS = frozenset(
    {
        sqlite3.SQLITE_ERROR,
        sqlite3.SQLITE_TOOBIG,
        sqlite3.SQLITE_CONSTRAINT,
        sqlite3.SQLITE_MISMATCH,
        sqlite3.SQLITE_AUTH,
        sqlite3.SQLITE_NOTADB,
    }
)

# A lock that lasts so long may be held by a connection that is garbage, but in a reference cycle.
_COLLECT_AT_ATTEMPT = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """How attempts at the database are spaced.

    The wait after attempt n is ``initial * 2**(n - 1)`` seconds, at most ``cap``, plus a random
    part of up to ``jitter`` seconds that keeps several processes out of step.

    Attributes:
        initial: Seconds before the second attempt.
        cap: The longest wait in seconds, without the jitter.
        jitter: The longest random addition in seconds.
        start_attempts: Attempts at a step of starting a run before the run counts as failed.
            Recording an outcome has no such limit.
        start_seconds: Seconds after which the caller of a start is not kept waiting by another
            attempt. One statement waits as long for a lock.
    """

    initial: float = 0.05
    cap: float = 5.0
    jitter: float = 0.05
    start_attempts: int = 5
    start_seconds: float = 5.0

    def wait_after(self, attempt: int) -> float:
        """Return the seconds to wait after an attempt; the first one has number 1."""
        doubled = self.initial * 2 ** min(attempt - 1, 32)
        return min(doubled, self.cap) + random.uniform(0, self.jitter)  # noqa: S311 - no secret


class TransientError(RuntimeError):
    """A condition, not of SQLite's, that is expected to pass."""


def is_transient(error: BaseException) -> bool:
    """Tell whether the same operation on a new connection may well succeed.

    Locks, disk errors, memory and file descriptors come and go; a file that is no database, a
    missing table or a violated constraint stays.
    """
    if isinstance(error, sqlite3.Error):
        code: int | None = getattr(error, "sqlite_errorcode", None)
        return code is None or code & 0xFF not in _HOPELESS
    return isinstance(error, MemoryError | OSError | TransientError)


def persist(
    action: Callable[[], Result],
    policy: RetryPolicy,
    *,
    again: Callable[[Exception], bool],
    attempts: int | None = None,
    on_trouble: Callable[[int, Exception], None],
) -> Result:
    """Repeat the action until it returns.

    Args:
        action: Does the work and leaves no lock behind if it raises.
        policy: How long to wait between attempts.
        again: Tells whether an error is worth another attempt.
        attempts: How many attempts at most; None sets no limit.
        on_trouble: Hears each error that another attempt follows, with its number from 1.

    Raises:
        Exception: What the last attempt raised.
    """
    for number in itertools.count(1):
        try:
            return action()
        except Exception as error:
            # The frames of a traceback would keep cursors alive, and a cursor keeps its
            # connection's locks, even after that connection was closed.
            error.__cause__ = error.__context__ = error.__traceback__ = None
            if number == attempts or not again(error):
                raise
            trouble = error
        on_trouble(number, trouble)
        del trouble
        if number == _COLLECT_AT_ATTEMPT:
            gc.collect()
        time.sleep(policy.wait_after(number))
    raise AssertionError("counting has no end")
