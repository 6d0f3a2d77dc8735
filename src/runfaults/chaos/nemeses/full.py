"""Fills a worker's allowance: nothing it writes to a file is taken any more."""

from __future__ import annotations

import contextlib
import random
import resource
from collections.abc import Generator

from runfaults.chaos.nemeses.nemesis import Scene, Victim


def full(scene: Scene, rng: random.Random) -> Generator[float]:
    """RLIMIT_FSIZE 0 from outside (`prlimit`): every write fails with EFBIG, which is IOERR_WRITE.

    Python ignores the signal SIGXFSZ that comes with it.
    """
    while True:
        victims = scene.victims()
        if not victims:
            yield 1.0
            continue
        victim = rng.choice(victims)
        scene.write("full", victim.name)
        _limit(victim, 0)
        try:
            yield rng.uniform(0.02, 1.0)
        finally:
            if victim in scene.victims():
                scene.write("room", victim.name)
                _limit(victim, resource.RLIM_INFINITY)
        yield rng.uniform(0.5, 3)


def _limit(victim: Victim, size: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        _, hard = resource.prlimit(victim.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(victim.pid, resource.RLIMIT_FSIZE, (size, hard))
