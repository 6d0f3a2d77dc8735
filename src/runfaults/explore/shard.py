"""A piece of a search that can be run anywhere."""

from __future__ import annotations

from typing import NamedTuple

from runfaults.model import Schedule


class Shard(NamedTuple):
    """A schedule, and where it may grow.

    Attributes:
        schedule: What is run.
        begin: The first yield point at which it may get another element; at the point before it
            only a fault. Elements come in the order in which they take effect, at one point first
            what comes before the operation, then the fault.
    """

    schedule: Schedule
    begin: int = 0
