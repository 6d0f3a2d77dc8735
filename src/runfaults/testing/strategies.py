"""Hypothesis strategies for schedules in which everything that is asked for really happens.

A schedule is drawn element by element, in the order of the history. Each element is chosen from
the history that the schedule has so far, so that no point is unreached and no fault refused. The
first choice of each draw is the simplest: stop, `busy`, once, the earliest point.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from enum import Enum, auto
from functools import lru_cache
from typing import NamedTuple, TypeVar

from hypothesis import strategies as st
from hypothesis import target as steer_to

from runfaults.explore.job import ALL_COUNTS, CANCELS, JOURNALS
from runfaults.explore.rehearsal import Offer, Site, site_of
from runfaults.model import (
    Act,
    Ending,
    EventKind,
    Fault,
    FaultPoint,
    Journal,
    Operation,
    Preemption,
    Schedule,
)
from runfaults.sim.acts import act_named
from runfaults.sqlite.kinds import KINDS, kind_named
from runfaults.testing.bench import Trial, bench_for

T = TypeVar("T")

LOCK_ERRORS = ("busy", "busy-snapshot", "busy-recovery", "locked")
"""The fault kinds that are another connection's lock."""


class ElementType(Enum):
    """What the next element of a schedule is; the order in which they shrink."""

    NONE = auto()
    FAULT = auto()
    CANCEL = auto()
    ACTOR = auto()
    PREEMPTION = auto()


class _Limits(NamedTuple):
    """What may be drawn, and how much of it at most."""

    most: dict[ElementType, int]
    kinds: tuple[str, ...]
    times: tuple[int | None, ...]
    cancels: tuple[str, ...]
    actors: tuple[str, ...]


@st.composite
def schedules(  # noqa: PLR0913  # one keyword for each thing that may be limited
    draw: st.DrawFn,
    target: str = "genglossary",
    *,
    faults: int = 1,
    cancels: int = 1,
    preemptions: int = 1,
    actors: Sequence[str] = (),
    kinds: Sequence[str] = tuple(KINDS),
    times: Sequence[int | None] = ALL_COUNTS,
    cancel_kinds: Sequence[str] = CANCELS,
    journals: Sequence[Journal] = JOURNALS,
    pipelines: Sequence[Ending] = tuple(Ending),
) -> Schedule:
    """Schedules under which everything that they ask for really happens.

    They shrink to fewer elements, then to earlier and simpler ones; of the sequences given here
    the first item counts as the simplest.

    Args:
        draw: Given by Hypothesis.
        target: The system under test; see `bench_for`.
        faults: How many faults at most.
        cancels: How many cancels at most.
        preemptions: How many preemptions at most.
        actors: Other acts (`runfaults list`), each of which comes at most once.
        kinds: Names of the fault kinds.
        times: How often a fault strikes; None for "until lifted".
        cancel_kinds: Which acts count as cancels.
        journals: SQLite journal modes, `delete` and `wal`.
        pipelines: How the scripted pipeline may end.

    Raises:
        ValueError: if there is no such fault kind.
        LookupError: if there is no such act, or no such target.
    """
    limits = _Limits(
        {
            ElementType.FAULT: faults,
            ElementType.CANCEL: cancels,
            ElementType.ACTOR: len(actors),
            ElementType.PREEMPTION: preemptions,
        },
        tuple(kind_named(name).name for name in kinds),
        tuple(times),
        _known_acts(cancel_kinds),
        _known_acts(actors),
    )
    schedule = Schedule(
        pipeline=draw(st.sampled_from(tuple(pipelines))),
        journal=draw(st.sampled_from(tuple(journals))),
    )
    drawn: Counter[ElementType] = Counter()
    possible = [sort for sort, most in limits.most.items() if most]
    sorts = (ElementType.NONE, *possible, *possible, *possible)  # to stop is the exception
    while drawn.total() < sum(limits.most.values()):
        sort = draw(st.sampled_from(sorts))
        if sort is ElementType.NONE:
            break
        if drawn[sort] < limits.most[sort]:
            schedule = draw(_longer(target, schedule, sort, limits))
            drawn[sort] += 1
    return schedule


def faults_after(
    target: str,
    schedule: Schedule,
    kinds: Sequence[str] = tuple(KINDS),
    times: Sequence[int | None] = ALL_COUNTS,
) -> st.SearchStrategy[Fault]:
    """Faults that can strike in the schedule's history after all its elements.

    Empty, as `strategies.nothing()`, where none can.
    """
    kinds = tuple(kinds)
    choice = _choice(target, schedule, ElementType.FAULT, kinds)
    return st.tuples(choice, st.sampled_from(tuple(times))).map(
        lambda drawn: Fault(*drawn[0], drawn[1])
    )


def acts_after(
    target: str, schedule: Schedule, kinds: Sequence[str] = CANCELS
) -> st.SearchStrategy[Act]:
    """Acts that can come in the schedule's history with or after its last element.

    Empty, as `strategies.nothing()`, where none can: no run ever came into being.
    """
    kinds = _known_acts(kinds)
    choice = _choice(target, schedule, ElementType.CANCEL, kinds)
    return choice.map(lambda drawn: Act(*drawn))


def preemptions_after(target: str, schedule: Schedule) -> st.SearchStrategy[Preemption]:
    """Preemptions that can come in the schedule's history after all its elements.

    Empty, as `strategies.nothing()`, where only one thread is ever ready.
    """
    choice = _choice(target, schedule, ElementType.PREEMPTION)
    return choice.map(lambda drawn: Preemption(drawn[1], drawn[0]))


def steer(trial: Trial) -> None:
    """Tell Hypothesis which trials are interesting: its next examples are variations of them.

    To be called once in a property. Steers to long retries, many live threads and late cancels
    (`hypothesis.target`).
    """
    execution, events = trial.execution, trial.history.events
    naps = Counter(
        step.point.actor for step in execution.steps if step.point.operation is Operation.SLEEP
    )
    strikes = sum(event.kind is EventKind.STRIKE for event in events)
    live = max((len(step.ready) + 1 for step in execution.steps), default=0)
    cancelled = [
        event.number
        for event in events
        if event.kind is EventKind.REQUEST and event.subject.startswith("cancel")
    ]
    steer_to(float(strikes + max(naps.values(), default=0)), label="long retries")
    steer_to(float(live), label="live threads")
    steer_to(max(cancelled, default=0) / max(len(events), 1), label="late cancels")


def _longer(
    target: str, schedule: Schedule, sort: ElementType, limits: _Limits
) -> st.SearchStrategy[Schedule]:
    """The schedule with one more element of that sort; unchanged where none can be added."""
    match sort:
        case ElementType.FAULT:
            faults = faults_after(target, schedule, limits.kinds, limits.times)
            longer = faults.map(schedule.adding)
        case ElementType.PREEMPTION:
            longer = preemptions_after(target, schedule).map(schedule.adding)
        case _:
            left = (
                limits.cancels if sort is ElementType.CANCEL else _not_in(schedule, limits.actors)
            )
            longer = acts_after(target, schedule, left).map(schedule.adding)
    return st.just(schedule) if longer.is_empty else longer


def _choice(
    target: str, schedule: Schedule, sort: ElementType, kinds: tuple[str, ...] = ()
) -> st.SearchStrategy[tuple[str, FaultPoint]]:
    """A name and a point of the offers that come late enough; empty if none does."""
    now = tuple(_offers(target, schedule, sort, kinds))
    if not any(offer.late for offer in now):
        return st.nothing()
    names = kinds if sort is ElementType.FAULT else ()
    return _drawn_choice(names, _clean_places(target, sort, kinds), now)


def _offers(
    target: str, schedule: Schedule, sort: ElementType, kinds: tuple[str, ...]
) -> Iterable[Offer]:
    """What could be added to the schedule, of that sort and those kinds."""
    rehearsal = bench_for(target).rehearse(schedule, kinds if sort is ElementType.FAULT else ())
    match sort:
        case ElementType.FAULT:
            return rehearsal.faults()
        case ElementType.PREEMPTION:
            return rehearsal.preemptions()
        case _:
            return rehearsal.acts(kinds)


@lru_cache(maxsize=64)
def _clean_places(
    target: str, sort: ElementType, kinds: tuple[str, ...]
) -> Mapping[str, tuple[Site, ...]]:
    """For each name that clean histories offer the places that they offer it at, in their order."""
    places: defaultdict[str, list[Site]] = defaultdict(list)
    for mode in JOURNALS:
        for ending in Ending:
            for offer in _offers(target, Schedule(ending, journal=mode), sort, kinds):
                places[offer.name].append(site_of(offer.point))
    return {name: _in_order(found) for name, found in places.items()}


@st.composite
def _drawn_choice(
    draw: st.DrawFn,
    names: Sequence[str],
    clean: Mapping[str, tuple[Site, ...]],
    now: Sequence[Offer],
) -> tuple[str, FaultPoint]:
    """A name and a point of what is offered now, and late enough.

    An example shrinks well if an element can go and the choices behind it still mean the same. So
    everything is numbered as in the clean histories: names and places in their order, repetitions
    of a place from the last one backwards, because what a fault adds (another try) comes before.
    """
    offered = _in_order((*clean, *(offer.name for offer in now)))
    table = [name for name in names if name in offered] or offered
    name = draw(_member(table, {offer.name for offer in now if offer.late}))
    mine = [offer for offer in now if offer.name == name]
    places = _in_order((*clean.get(name, ()), *(site_of(offer.point) for offer in mine)))
    points = [offer.point for offer in reversed(mine) if offer.late]
    place = draw(_member(places, {site_of(point) for point in points}))
    repetitions = [point for point in points if site_of(point) == place]
    return name, draw(_member(repetitions, set(repetitions)))


def _member(table: Sequence[T], members: AbstractSet[T]) -> st.SearchStrategy[T]:
    """One of the members, numbered by its position in the table.

    A single one is drawn as from two: with a choice of nothing those behind it would move up.
    """
    numbers = [number for number, each in enumerate(table) if each in members]
    first, last = numbers[0], numbers[-1]
    number = st.integers(first, max(last, first + 1)).map(lambda drawn: min(drawn, last))
    if len(numbers) <= last - first:
        number = number.filter(lambda drawn: table[drawn] in members)
    return number.map(lambda drawn: table[drawn])


def _in_order(things: Iterable[T]) -> tuple[T, ...]:
    return tuple(dict.fromkeys(things))


def _known_acts(names: Sequence[str]) -> tuple[str, ...]:
    for name in names:
        act_named(name)
    return tuple(names)


def _not_in(schedule: Schedule, actors: tuple[str, ...]) -> tuple[str, ...]:
    present = {act.kind for act in schedule.acts}
    return tuple(name for name in actors if name not in present)
