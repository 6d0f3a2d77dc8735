"""Tells where in the target's code the broken schedules of a job were decided."""

from __future__ import annotations

from typing import Unpack

from runfaults.explore.findings import Findings
from runfaults.explore.mark import Mark, mark_of
from runfaults.explore.runner import OutOfTimeError, Runner
from runfaults.explore.trial import Trial
from runfaults.model import Schedule
from runfaults.sim.simulation import How


class PlacedRunner(Runner):
    """Runs what another runner does, always with places.

    Args:
        runner: The other one.
    """

    def __init__(self, runner: Runner) -> None:
        super().__init__(runner.player)
        self.rules = runner.rules
        self.should_stop = runner.should_stop

    def run(self, schedule: Schedule, **how: Unpack[How]) -> Trial:
        """See `Runner.run`."""
        how["with_places"] = True
        return super().run(schedule, **how)


def place(runner: Runner, found: Findings) -> None:
    """Play one schedule of each mark again with places; schedules of one place become one mark.

    Places cost too much to note them for every schedule, and not every schedule is broken. What
    is not reproduced, or has no place in the user's code, keeps the operation as its place.
    """
    placed = Findings()
    for mark, sighting in found.causes.items():
        if mark.stack:
            placed.sight(mark, sighting)
            continue
        stack = ""
        try:
            again = mark_of(runner.run(sighting.smallest, with_places=True))
        except OutOfTimeError:
            again = None
        if again is not None and again.rules == mark.rules and again.deed == mark.deed:
            stack = again.stack
        near = "" if stack else mark.near.partition("; ")[0]
        placed.sight(Mark(mark.rules, mark.deed, mark.status, stack, near), sighting)
    found.causes = placed.causes
