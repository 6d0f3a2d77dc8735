"""Stops a worker for a while, sometimes for longer than others wait for a lock."""

from __future__ import annotations

import random
import signal

from runfaults.chaos.nemeses.nemesis import Scene, Victim

_LONG = 0.1
"""Share of the pauses that last longer than a busy timeout of five seconds."""


class Pause:
    """SIGSTOP, and SIGCONT later."""

    name = "pause"

    def __init__(self) -> None:
        self._paused: Victim | None = None

    def act(self, scene: Scene, rng: random.Random) -> float:
        """Stop one, or resume it."""
        if self._paused is not None:
            self.lift(scene)
            return rng.uniform(1, 5)
        victims = scene.victims()
        if not victims:
            return 1.0
        self._paused = rng.choice(victims)
        scene.write(self.name, self._paused.name)
        self._paused.send(signal.SIGSTOP)
        return rng.uniform(5.2, 6.5) if rng.random() < _LONG else rng.uniform(0.02, 0.5)

    def lift(self, scene: Scene) -> None:
        """Resume it, if it still lives."""
        paused, self._paused = self._paused, None
        if paused is not None and paused in scene.victims():
            scene.write("go-on", paused.name)
            paused.send(signal.SIGCONT)
