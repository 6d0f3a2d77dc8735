"""The wall clock is set: by who adjusts it, or because the machine was suspended meanwhile.

Time that is measured does not change: `time.monotonic` "cannot go backwards" and "is not affected
by system clock updates" (`time` documentation), and what waits on Linux waits by such a clock.
"""

from __future__ import annotations

from runfaults.model import EventKind
from runfaults.sim.stage import ActKind, Stage

_DAY = 86_400.0


def set_back(stage: Stage, actor: str) -> None:
    """Set it back."""
    _set(stage, actor, "clock-back", -_DAY)


def set_forward(stage: Stage, actor: str) -> None:
    """Set it forward."""
    _set(stage, actor, "clock-forward", _DAY)


def _set(stage: Stage, actor: str, name: str, seconds: float) -> None:
    stage.recorder.add(actor, EventKind.REQUEST, name)
    stage.set_clock(seconds)


CLOCK_BACK = ActKind("clock-back", "Set the wall clock back by a day.", set_back, needs_run=False)

CLOCK_FORWARD = ActKind(
    "clock-forward", "Set the wall clock forward by a day.", set_forward, needs_run=False
)
