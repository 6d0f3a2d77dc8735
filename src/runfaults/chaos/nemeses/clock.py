"""The wall clock of one process jumps, forwards or backwards, by up to ten years."""

from __future__ import annotations

import contextlib
import random
import time
from collections.abc import Generator

import time_machine

from runfaults.chaos.journal import Writer

NAME = "clock"
_TEN_YEARS = 10 * 365 * 86_400


@contextlib.contextmanager
def moved_clock(rng: random.Random, journal: Writer) -> Generator[None]:
    """The calling process sees another time inside of the block; it ticks on."""
    offset = rng.uniform(-_TEN_YEARS, _TEN_YEARS)
    journal.write(NAME, value=f"{offset:+.0f} s")
    with time_machine.travel(time.time() + offset, tick=True):
        yield
