"""The catalogue of faults that are none of SQLite, and of all that a schedule can name."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from runfaults.sim.misfortunes.close_raises import CloseRaises
from runfaults.sim.misfortunes.misfortune import Misfortune
from runfaults.sim.misfortunes.no_thread import NoThread
from runfaults.sim.misfortunes.queue_full import QueueFull
from runfaults.sim.misfortunes.subscriber_raises import SubscriberRaises
from runfaults.sim.slow import take_time
from runfaults.sqlite.gate import FaultKind
from runfaults.sqlite.kinds import KINDS
from runfaults.sqlite.real.lasting import EVERY_KIND
from runfaults.sqlite.slow import Slow

_ALL: tuple[Misfortune, ...] = (NoThread(), CloseRaises(), SubscriberRaises(), QueueFull())

MISFORTUNES: Mapping[str, Misfortune] = MappingProxyType({each.name: each for each in _ALL})
"""Every fault that is none of SQLite, by its name."""

_SIMULATED: Mapping[str, FaultKind] = {**MISFORTUNES, Slow.name: Slow(take_time)}

SIMULATED_KINDS: Mapping[str, FaultKind] = MappingProxyType({**KINDS, **_SIMULATED})
"""Every fault that a simulation can emulate, by its name."""

EVERY_FAULT: Mapping[str, FaultKind] = MappingProxyType({**EVERY_KIND, **_SIMULATED})
"""Those, and the causes that only the real engine can be struck by."""
