"""Kills a worker without warning."""

from __future__ import annotations

import random
import signal
from collections.abc import Generator

from runfaults.chaos.nemeses.nemesis import Scene


def kill(scene: Scene, rng: random.Random) -> Generator[float]:
    """SIGKILL: no handler, no clean-up. The conductor puts a new process in its place."""
    while True:
        victims = scene.victims()
        if victims:
            victim = rng.choice(victims)
            # Written first: what the process did before it died is never later than this.
            scene.write("kill", victim.name)
            victim.send(signal.SIGKILL)
        yield rng.uniform(0.4, 2.0)
