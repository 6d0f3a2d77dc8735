"""A thread that cannot be started; and all that a simulation can emulate."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NoReturn

from runfaults.model import Operation
from runfaults.sim.slow import take_time
from runfaults.sqlite.gate import Call, FaultKind
from runfaults.sqlite.kinds import KINDS
from runfaults.sqlite.real.lasting import EVERY_KIND
from runfaults.sqlite.real.recipe import Recipe, Unavailable
from runfaults.sqlite.slow import Slow


class NoThread:
    """The system has no memory or no number for another thread: `Thread.start` raises.

    The thread has not run then, may be started again, and cannot be joined (CPython source,
    `Thread.start`).
    """

    name = "no-thread"
    summary = "can't start new thread: the system has no room for another one"

    def refusal(self, call: Call) -> str | None:
        """Why it cannot strike this call; None if it can."""
        return None if call.operation is Operation.SPAWN else "only a start of a thread fails so"

    def waits(self, call: Call) -> bool:  # noqa: ARG002  # the same everywhere
        """No."""
        return False

    def strike(self, call: Call) -> NoReturn:  # noqa: ARG002  # the same everywhere
        """Leave the thread as it is."""
        raise RuntimeError("can't start new thread")

    def real(self, call: Call) -> Recipe:  # noqa: ARG002  # the same everywhere
        """None: it would take the memory of this process.

        Raises:
            Unavailable: always.
        """
        raise Unavailable("it would keep the harness from starting threads too")


_SIMULATED: Mapping[str, FaultKind] = {NoThread.name: NoThread(), Slow.name: Slow(take_time)}

SIMULATED_KINDS: Mapping[str, FaultKind] = MappingProxyType({**KINDS, **_SIMULATED})
"""Every fault that a simulation can emulate, by its name."""

EVERY_FAULT: Mapping[str, FaultKind] = MappingProxyType({**EVERY_KIND, **_SIMULATED})
"""Those, and the causes that only the real engine can be struck by."""
