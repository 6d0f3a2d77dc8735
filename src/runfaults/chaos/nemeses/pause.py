"""Stops a worker for a while, sometimes for longer than others wait for a lock."""

from __future__ import annotations

import random
import signal
from collections.abc import Generator

from runfaults.chaos.nemeses.nemesis import Scene

_LONG = 0.1
"""Share of the pauses that last longer than a busy timeout of five seconds."""


def pause(scene: Scene, rng: random.Random) -> Generator[float]:
    """SIGSTOP, and SIGCONT later."""
    while True:
        victims = scene.victims()
        if not victims:
            yield 1.0
            continue
        victim = rng.choice(victims)
        scene.write("pause", victim.name)
        victim.send(signal.SIGSTOP)
        try:
            yield rng.uniform(5.2, 6.5) if rng.random() < _LONG else rng.uniform(0.02, 0.5)
        finally:
            if victim in scene.victims():
                scene.write("go-on", victim.name)
                victim.send(signal.SIGCONT)
        yield rng.uniform(1, 5)
