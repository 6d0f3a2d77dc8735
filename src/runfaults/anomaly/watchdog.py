"""Ends a wait that will not end: for a dead thread, or for a queue that no thread fills."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from types import FrameType

from runfaults.anomaly.ending import NeverEndsError

_STEP = 0.05
_SIGNAL: signal.Signals | None = getattr(signal, "SIGVTALRM", None)
_BUSY = 0.1
"""A process that uses more than this part of the time computes: it does not wait."""


@contextmanager
def watchdog(
    progress: Callable[[], int],
    patience: float,
    error: Callable[[str], BaseException] = NeverEndsError,
) -> Generator[None]:
    """Raise an error in the block when nothing happens for a while.

    Works in the main thread of systems that have `pthread_kill`; elsewhere it does nothing.

    Args:
        progress: A number that changes when something happens.
        patience: Seconds without progress in which the process does not compute either.
        error: What is raised, of what has been seen.

    Raises:
        NeverEndsError: in the middle of whatever the block waits for.
    """
    main = threading.main_thread()
    if _SIGNAL is None or sys.platform == "win32" or threading.current_thread() is not main:
        yield
        return
    number = _SIGNAL
    on, over = [True], threading.Event()

    def give_up(_number: int, _frame: FrameType | None) -> None:
        if on:
            raise error(f"it waited for {patience:g} s without an operation of SQLite")

    def watch() -> None:
        before = _Stand(progress())
        while not over.wait(_STEP):
            now = _Stand(progress())
            if before.has_moved(now) or _is_debugged(main.ident):
                before = now
            elif now.time - before.time >= patience:
                signal.pthread_kill(main.ident or 0, number)
                before = now

    former = signal.signal(number, give_up)
    watcher = threading.Thread(target=watch, name="runfaults-watchdog", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        on.clear()
        over.set()
        watcher.join()
        signal.signal(number, former)


def _is_debugged(thread: int | None) -> bool:
    """Whether a debugger waits for its user there."""
    frame: FrameType | None = vars(sys)["_current_frames"]().get(thread)
    while frame is not None:
        if frame.f_globals.get("__name__") in {"bdb", "cmd", "pdb"}:
            return True
        frame = frame.f_back
    return False


class _Stand:
    """How far a process has come."""

    def __init__(self, progress: int) -> None:
        self.progress = progress
        self.time = time.monotonic()
        self.cpu = time.process_time()

    def has_moved(self, now: _Stand) -> bool:
        computed = now.cpu - self.cpu
        return now.progress != self.progress or computed > max(
            _STEP, _BUSY * (now.time - self.time)
        )
