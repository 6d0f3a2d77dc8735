"""Finds the first of all schedules near a failing one that fails likewise.

Hypothesis lowers one choice at a time, so it can end at a fault that is only simpler than its
neighbours. Here each element is exchanged for every simpler one, kind and point at once: whatever
the search began with, of the schedules with one element the same one comes out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import takewhile

from runfaults.explore.rehearsal import rehearse
from runfaults.model import Act, Ending, Fault, Preemption, Schedule, Verdict
from runfaults.model.schedule import Element
from runfaults.oracle.judge import judge
from runfaults.sim.simulation import Simulation
from runfaults.sqlite.kinds import KINDS

MOST_RUNS = 2_000
"""Schedules that are tried at most, so that a failure is reported in seconds."""


def simplest(simulation: Simulation, schedule: Schedule, rules: frozenset[str]) -> Schedule:
    """The simplest schedule that can be reached and breaks one of the same rules.

    Fewer elements come first, then a simpler pipeline and journal, then for each element a kind
    that comes earlier in the catalogue, an earlier point, fewer times.

    Args:
        simulation: Where; entered.
        schedule: One that fails.
        rules: Names of the rules of which one must not hold.
    """
    left = MOST_RUNS

    def fails(candidate: Schedule) -> bool:
        nonlocal left
        left -= 1
        execution = simulation.run(candidate)
        if execution.refused or execution.unreached:
            return False
        judged = judge(execution.history)
        return any(each.rule in rules and each.verdict is not Verdict.HOLDS for each in judged)

    while left > 0:
        candidates = _simpler(simulation, schedule)
        smaller = next(filter(fails, takewhile(lambda _: left > 0, candidates)), None)
        if smaller is None:
            break
        schedule = smaller
    return schedule


def _simpler(simulation: Simulation, schedule: Schedule) -> Iterator[Schedule]:
    elements = _elements(schedule)
    shorter = [_without(schedule, number) for number in range(len(elements))]
    yield from shorter
    for pipeline in takewhile(lambda each: each is not schedule.pipeline, Ending):
        yield replace(schedule, pipeline=pipeline)
    if schedule.journal != "delete":
        yield replace(schedule, journal="delete")
    for number, element in enumerate(elements):
        base = _without(schedule, number)
        yield from _with_each(base, _simpler_than(element), simulation, until=element)
    for base in shorter:  # what is left may have moved, because an earlier try is missing now
        for number, element in enumerate(_elements(base)):
            yield from _with_each(_without(base, number), [element], simulation)


def _with_each(
    base: Schedule,
    variants: list[Element],
    simulation: Simulation,
    until: Element | None = None,
) -> Iterator[Schedule]:
    """The base with each of the variants at each point of its history, in order."""
    kinds = tuple(dict.fromkeys(each.kind for each in variants if isinstance(each, Fault)))
    rehearsal = rehearse(simulation, base, kinds)
    for variant in variants:
        match variant:
            case Fault():
                points = [offer.point for offer in rehearsal.faults() if offer.name == variant.kind]
            case Act():
                points = [offer.point for offer in rehearsal.acts((variant.kind,))]
            case Preemption():
                found = rehearsal.preemptions()
                points = [offer.point for offer in found if offer.name == variant.to]
        for point in points:
            placed = variant._replace(at=point)
            if placed == until:
                return
            yield base.adding(placed)


def _simpler_than(element: Element) -> list[Element]:
    """The element in every simpler kind, then in its own."""
    match element:
        case Fault(kind, at, times):
            kinds = [*takewhile(lambda each: each != kind, KINDS), kind]
            once = [Fault(each, at) for each in kinds]
            return [*once, element] if times != 1 else list(once)
        case Act(kind, at):
            return [Act("cancel", at), element] if kind != "cancel" else [element]
        case Preemption():
            return [element]


def _elements(schedule: Schedule) -> tuple[Element, ...]:
    return (*schedule.faults, *schedule.acts, *schedule.preemptions)


def _without(schedule: Schedule, number: int) -> Schedule:
    left = [each for position, each in enumerate(_elements(schedule)) if position != number]
    return replace(
        schedule,
        faults=tuple(each for each in left if isinstance(each, Fault)),
        acts=tuple(each for each in left if isinstance(each, Act)),
        preemptions=tuple(each for each in left if isinstance(each, Preemption)),
    )
