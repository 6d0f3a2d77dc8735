"""When a failed attempt is worth another, and how long to wait for it."""

import gc
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_result,
    stop_after_attempt,
    stop_never,
    wait_exponential,
    wait_random,
)

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

    The wait before attempt n + 1 is ``initial * 2**(n - 1)`` seconds, at most ``cap``, plus a
    random part of up to ``jitter`` seconds that keeps several processes out of step.

    Attributes:
        initial: Seconds before the second attempt.
        cap: The longest wait in seconds, without the jitter.
        jitter: The longest random addition in seconds.
        start_attempts: Attempts at starting a run before it counts as failed. Recording an
            outcome has no such limit.
    """

    initial: float = 0.05
    cap: float = 5.0
    jitter: float = 0.05
    start_attempts: int = 8


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

    Between attempts an error has no traceback: the frames of one would keep cursors alive, and
    a cursor keeps its connection's locks, even after that connection was closed.

    Args:
        action: Does the work and leaves no lock behind if it raises.
        policy: How long to wait between attempts.
        again: Tells whether an error is worth another attempt.
        attempts: How many attempts at most; None sets no limit.
        on_trouble: Hears each error that another attempt follows, with its number from 1.

    Raises:
        Exception: What the last attempt raised.
    """

    def attempt() -> Result | _Trouble:
        try:
            return action()
        except Exception as error:  # noqa: BLE001 - ``again`` knows which ones are expected
            error.__cause__ = error.__context__ = error.__traceback__ = None
            return _Trouble(error)

    def before_sleep(state: RetryCallState) -> None:
        if state.attempt_number == _COLLECT_AT_ATTEMPT:
            gc.collect()
        trouble = _result(state)
        assert isinstance(trouble, _Trouble), "only trouble is followed by another attempt"
        on_trouble(state.attempt_number, trouble.error)

    result = attempt()
    if isinstance(result, _Trouble) and again(result.error):
        # Most actions succeed at once, which costs less than to set all this up.
        first = iter([result])
        retrying = Retrying(
            retry=retry_if_result(lambda each: isinstance(each, _Trouble) and again(each.error)),
            wait=wait_exponential(multiplier=policy.initial, max=policy.cap)
            + wait_random(0, policy.jitter),
            stop=stop_never if attempts is None else stop_after_attempt(attempts),
            before_sleep=before_sleep,
            retry_error_callback=_result,
        )
        result = retrying(lambda: next(first, None) or attempt())
    if isinstance(result, _Trouble):
        raise result.error
    return result


@dataclass(frozen=True, slots=True)
class _Trouble:
    error: Exception


def _result(state: RetryCallState) -> object:
    assert state.outcome is not None, "tenacity asks only after an attempt"
    return state.outcome.result()
