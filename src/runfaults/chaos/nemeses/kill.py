"""Kills a worker without warning."""

from __future__ import annotations

import random
import signal

from runfaults.chaos.nemeses.nemesis import Scene


class Kill:
    """SIGKILL: no handler, no clean-up. The conductor puts a new process in its place."""

    name = "kill"

    def act(self, scene: Scene, rng: random.Random) -> float:
        """Kill one."""
        victims = scene.victims()
        if victims:
            victim = rng.choice(victims)
            # Written first: what the process did before it died is never later than this.
            scene.write(self.name, victim.name)
            victim.send(signal.SIGKILL)
        return rng.uniform(0.4, 2.0)

    def lift(self, scene: Scene) -> None:
        """Nothing lasts but death."""
