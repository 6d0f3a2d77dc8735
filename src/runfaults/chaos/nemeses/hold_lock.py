"""Holds a lock on the database, mostly briefly, now and then past the busy timeout."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Generator

from runfaults.chaos.nemeses.nemesis import Scene
from runfaults.sqlite.engine import real_connect

_LEVELS = {
    "SHARED": ("BEGIN", "SELECT count(*) FROM sqlite_master"),
    "RESERVED": ("BEGIN IMMEDIATE",),
    "EXCLUSIVE": ("BEGIN EXCLUSIVE",),
}


def hold_lock(scene: Scene, rng: random.Random) -> Generator[float]:
    """Another process, the conductor, holds SHARED, RESERVED or EXCLUSIVE, or a WAL lock."""
    while True:
        level = rng.choice(list(_LEVELS))
        holder = real_connect(scene.database, timeout=0, isolation_level=None)
        try:
            for sql in _LEVELS[level]:
                holder.execute(sql).fetchall()
        except sqlite3.OperationalError:
            holder.close()
            yield 0.005
            continue
        scene.write("hold-lock", level)
        try:
            yield _duration(rng)
        finally:
            holder.close()
            scene.write("let-go", "")
        yield rng.uniform(0.05, 1.5)


def _duration(rng: random.Random) -> float:
    longest = rng.choices((0.2, 1.0, 6.5), (0.9, 0.09, 0.01))[0]
    return rng.uniform(0.005, longest)
