"""Holds a lock on the database, mostly briefly, now and then past the busy timeout."""

from __future__ import annotations

import random
import sqlite3

from runfaults.chaos.nemeses.nemesis import Scene
from runfaults.sqlite.engine import real_connect

_LEVELS = {
    "SHARED": ("BEGIN", "SELECT count(*) FROM sqlite_master"),
    "RESERVED": ("BEGIN IMMEDIATE",),
    "EXCLUSIVE": ("BEGIN EXCLUSIVE",),
}


class HoldLock:
    """Another process, the conductor, holds SHARED, RESERVED or EXCLUSIVE, or a WAL lock."""

    name = "hold-lock"

    def __init__(self) -> None:
        self._holder: sqlite3.Connection | None = None

    def act(self, scene: Scene, rng: random.Random) -> float:
        """Take a lock, or let it go."""
        if self._holder is not None:
            self.lift(scene)
            return rng.uniform(0.05, 1.5)
        level = rng.choice(list(_LEVELS))
        holder = real_connect(scene.database, timeout=0, isolation_level=None)
        try:
            for sql in _LEVELS[level]:
                holder.execute(sql).fetchall()
        except sqlite3.OperationalError:
            holder.close()
            return 0.005
        self._holder = holder
        scene.write(self.name, level)
        return _duration(rng)

    def lift(self, scene: Scene) -> None:
        """Let it go."""
        holder, self._holder = self._holder, None
        if holder is not None:
            holder.close()
            scene.write("let-go", "")


def _duration(rng: random.Random) -> float:
    longest = rng.choices((0.2, 1.0, 6.5), (0.9, 0.09, 0.01))[0]
    return rng.uniform(0.005, longest)
