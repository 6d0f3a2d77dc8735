"""What decides what happens next, apart from the target's memory: see `recurrence`."""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path

from runfaults.model import Fault, Schedule
from runfaults.sim.director import ScheduleDirector
from runfaults.sim.gate import WorldGate
from runfaults.sim.patience import Patience
from runfaults.sim.scheduler import Scheduler
from runfaults.sqlite.plan import FaultPlan


@dataclass(frozen=True, slots=True)
class Circumstances:
    """Those of a schedule in progress."""

    schedule: Schedule
    database: Path
    scheduler: Scheduler
    director: ScheduleDirector
    plan: FaultPlan[Fault]
    gate: WorldGate
    patience: Patience

    def news(self) -> list[object]:
        """What the target has written and told."""
        files = (each for each in sorted(self.database.parent.rglob("*")) if each.is_file())
        return [self.patience.told(), [each.read_bytes() for each in files]]

    def now(self) -> list[object]:
        """All of it, but for the elements still to come."""
        counted = zip(self.schedule.faults, self.plan.struck, strict=True)
        return [
            [struck for fault, struck in counted if fault.times is not None],
            list(map(str, self.plan.to_be_lifted)),
            self.news(),
            [connection for _, connection in self.gate.left_open()],
            random.getstate(),
        ]

    def trouble(self) -> float:
        """Seconds that the faults at work last which only time ends."""
        return max([fault.lifted_after for fault in self.plan.to_be_lifted], default=0)

    def still_to_come(self) -> list[int]:
        """How often the points of what is still to come have been reached, by other ordinals."""
        pending = [fault.at for fault in self.plan.unreached()] + self.director.pending()
        return [self.scheduler.reached(point) for point in pending]
