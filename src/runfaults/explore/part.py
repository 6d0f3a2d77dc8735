"""A part of an exploration: what can be run anywhere, again if need be."""

from __future__ import annotations

from hashlib import sha256
from typing import NamedTuple
from zlib import crc32

from runfaults.explore.bound import Bound, SearchBound
from runfaults.explore.determinism import first_difference
from runfaults.explore.findings import Findings
from runfaults.explore.sample import Batch, batches, run_batch
from runfaults.explore.search import roots, search_shard
from runfaults.explore.shard import Shard
from runfaults.explore.sweep import run_shard, shards
from runfaults.model import Schedule
from runfaults.sim.simulation import Simulation

SAMPLED = 16
"""Of so many parts, about one has its base schedule run twice more, to compare the histories."""


class Part(NamedTuple):
    """A part of an exploration.

    Attributes:
        schedule: The base schedule from which the others of this part grow; an empty one where
            they are sampled.
        search: How far a search goes from there; None for a part of the sweep.
        begin: From which point on a search grows it.
        batch: Which samples are taken instead; None for none.
    """

    schedule: Schedule
    search: SearchBound | None = None
    begin: int = 0
    batch: Batch | None = None

    @property
    def key(self) -> str:
        """Tells this part from all others, in any process."""
        return sha256(f"{self.schedule} | {self.search} | {self.batch}".encode()).hexdigest()[:16]


def parts_of(simulation: Simulation, bound: Bound) -> list[Part]:
    """Cut a bound into parts: the sweep first, smallest schedules first, samples last.

    Of a search only its beginning is known by now: the others come up while it is run.
    """
    parts = [Part(schedule) for schedule in shards(simulation, bound)]
    for search in bound.searches:
        parts += [Part(shard.schedule, search, shard.begin) for shard in roots(search)]
    if bound.sampling is not None:
        base = Schedule(seed=bound.sampling.seed)
        parts += [Part(base, batch=batch) for batch in batches(bound.sampling)]
    return parts


def further_parts(part: Part, found: Findings) -> list[Part]:
    """The parts that have come up while this one was run."""
    return [Part(shard.schedule, part.search, shard.begin) for shard in found.further]


def run_part(simulation: Simulation, part: Part, bound: Bound) -> Findings:
    """Run one part in this process; clean runs and a sample are also checked for determinism."""
    if part.batch is not None and bound.sampling is not None:
        found = run_batch(simulation, bound.sampling, part.batch)
        found.belong_to(bound.sampling.describe())
    elif part.search is None:
        found = run_shard(simulation, part.schedule, bound)
        found.belong_to(bound.describe_sweep())
    else:
        found = search_shard(simulation, Shard(part.schedule, part.begin), part.search)
        found.belong_to(part.search.describe())
    if part.batch is None and _is_compared(part.schedule):
        difference = first_difference(simulation, part.schedule)
        found.problems += [difference] if difference else []
    return found


def _is_compared(schedule: Schedule) -> bool:
    return not schedule.size or crc32(str(schedule).encode()) % SAMPLED == 0
