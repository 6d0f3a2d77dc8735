"""Finds what could have gone the other way round: segments of two actors that do not commute.

Two segments race if one changes what the other uses, and nothing that happened in between decided
which of them comes first (C. Flanagan, P. Godefroid: Dynamic partial-order reduction for model
checking software, POPL 2005). To see the other order, the later one's actor has to go first.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from runfaults.sim.execution import Execution, Segment

Past = dict[str, int]
"""For each actor the last of its segments, by number, that happened before."""


def reversals(execution: Execution) -> dict[int, set[str]]:
    """Find which actors, resumed earlier, would reverse a race of the execution.

    Returns:
        For each step, by number, the actors: of the later segments, or those that these waited
        for. The step is the last one before the earlier segment. An actor may not have entered
        yet: it would have to enter there.
    """
    found: defaultdict[int, set[str]] = defaultdict(set)
    steps, segments = execution.steps, execution.segments
    last_step = last_steps(execution)
    entered = {segment.actor: number for number, segment in reversed([*enumerate(segments)])}
    for earlier, later, past in _races(segments):
        number, actor = last_step[earlier], segments[later].actor
        if number < 0 or actor == steps[number].point.actor:
            continue
        ready = steps[number].ready
        first = {actor}
        if actor not in ready:
            first |= {other for other, at in past.items() if at > earlier}
        found[number] |= {each for each in first if each in ready or entered[each] > earlier}
    return found


def last_steps(execution: Execution) -> list[int]:
    """For each segment the last step that was reached before it began; -1 if there was none."""
    last: list[int] = []
    number = -1
    for segment in range(len(execution.segments)):
        while number + 1 < len(execution.steps) and execution.steps[number + 1].segment <= segment:
            number += 1
        last.append(number)
    return last


def _races(segments: tuple[Segment, ...]) -> Iterator[tuple[int, int, Past]]:
    """Each race: the numbers of the two segments, and what happened before the later one."""
    pasts: list[Past] = []
    latest: dict[str, Past] = {}
    changed: dict[object, int] = {}
    looked_at: defaultdict[object, list[int]] = defaultdict(list)
    for number, segment in enumerate(segments):
        before = latest.get(segment.actor, {})
        past = dict(before)
        raced: list[int] = []
        for thing, change in segment.touched:
            others = [changed[thing]] if thing in changed else []
            if change:
                others += looked_at[thing]
            for other in others:
                actor = segments[other].actor
                if before.get(actor, -1) < other:
                    raced.append(other)
                if past.get(actor, -1) >= other:
                    continue
                for actor, at in pasts[other].items():
                    past[actor] = max(at, past.get(actor, -1))
        yield from ((other, number, past) for other in raced)
        past[segment.actor] = number
        pasts.append(past)
        latest[segment.actor] = past
        for thing, change in segment.touched:
            if change:
                changed[thing] = number
                looked_at[thing].clear()
            else:
                looked_at[thing].append(number)
