"""A thread that cannot be started."""

from __future__ import annotations

from typing import NoReturn

from runfaults.model import Operation
from runfaults.sim.misfortunes.misfortune import Misfortune
from runfaults.sqlite.gate import Call


class NoThread(Misfortune):
    """The system has no memory or no number for another thread: `Thread.start` raises.

    The thread has not run then, may be started again, and cannot be joined (CPython source,
    `Thread.start`).
    """

    name = "no-thread"
    summary = "can't start new thread: the system has no room for another one"
    unavailable = "it would keep the harness from starting threads too"

    def refusal(self, call: Call) -> str | None:
        """Why it could not happen at this call; None if it could."""
        return None if call.operation is Operation.SPAWN else "only a start of a thread fails so"

    def strike(self, call: Call) -> NoReturn:  # noqa: ARG002  # the same everywhere
        """Leave the thread as it is."""
        raise RuntimeError("can't start new thread")
