"""Fills a worker's allowance: nothing it writes to a file is taken any more."""

from __future__ import annotations

import contextlib
import random
import resource

from runfaults.chaos.nemeses.nemesis import Scene, Victim


class Full:
    """RLIMIT_FSIZE 0 from outside (`prlimit`): every write fails with EFBIG, which is IOERR_WRITE.

    Python ignores the signal SIGXFSZ that comes with it.
    """

    name = "full"

    def __init__(self) -> None:
        self._full: Victim | None = None

    def act(self, scene: Scene, rng: random.Random) -> float:
        """Take the allowance from one, or give it back."""
        if self._full is not None:
            self.lift(scene)
            return rng.uniform(0.5, 3)
        victims = scene.victims()
        if not victims:
            return 1.0
        self._full = rng.choice(victims)
        scene.write(self.name, self._full.name)
        self._limit(self._full, 0)
        return rng.uniform(0.02, 1.0)

    def lift(self, scene: Scene) -> None:
        """Give it back, if the worker still lives."""
        full, self._full = self._full, None
        if full is not None and full in scene.victims():
            scene.write("room", full.name)
            self._limit(full, resource.RLIM_INFINITY)

    def _limit(self, victim: Victim, size: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            _, hard = resource.prlimit(victim.pid, resource.RLIMIT_FSIZE)
            resource.prlimit(victim.pid, resource.RLIMIT_FSIZE, (size, hard))
