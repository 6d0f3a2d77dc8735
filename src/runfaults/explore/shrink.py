"""Shrinks a failing schedule until nothing can be removed, and says what each rest is for."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile

from runfaults.explore.findings import schedule_order
from runfaults.explore.rehearsal import rehearse
from runfaults.explore.runner import Player, Runner
from runfaults.explore.trial import Trial
from runfaults.model import (
    Act,
    Death,
    Element,
    Ending,
    Fault,
    Journal,
    Preemption,
    Schedule,
    Verdict,
)
from runfaults.model.element import described
from runfaults.sim.acts import ACTS
from runfaults.sqlite.kinds import KINDS
from runfaults.user_code import Interrupted, interruptions

MANY_ELEMENTS = 4
"""From so many on a schedule is more than a person reads in a minute."""

MOST_RUNS = 2_000
"""Schedules near a failing one that are tried at most, so that it is reported in seconds."""

_SIMPLEST_KIND, _SIMPLEST_ACT = next(iter(KINDS)), next(iter(ACTS))


class NothingToMinimiseError(ValueError):
    """The schedule does not fail: there is nothing to preserve while shrinking."""


@dataclass(frozen=True, slots=True)
class Shrunk:
    """A schedule from which nothing can be removed.

    Attributes:
        trial: The schedule, run and judged.
        tried: How many schedules were run to find it.
    """

    trial: Trial
    tried: int

    @property
    def schedule(self) -> Schedule:
        """The schedule."""
        return self.trial.schedule


@dataclass(frozen=True, slots=True)
class Need:
    """What one element of a minimal schedule is needed for.

    Attributes:
        element: The element as text.
        without: The verdict without it.
    """

    element: str
    without: Verdict


def shrink(
    runner: Runner,
    schedule: Schedule,
    rules: Collection[str] | None = None,
    *,
    nearby: bool | None = None,
    should_stop: Callable[[], bool] = lambda: False,
    alike: Callable[[Trial], bool] = lambda _: True,
) -> Shrunk:
    """Shrink a schedule for as long as it fails in the same way.

    Fewer elements come first, then simpler ones, in place. Nearby, each element is then exchanged
    for every simpler one at every point of the history, kind and point at once: a search or
    Hypothesis lowers one choice at a time, and a sample meets a bug wherever it happens to be.

    Args:
        runner: Where to run.
        schedule: One that fails.
        rules: Names of the rules of which one must fail as it does now; None for all.
        nearby: Whether it is looked for in other places too; None: if many elements are left.
        should_stop: Asked again and again; True ends it early, with what has been found by then.
        alike: Whether a trial that fails so shows the same defect: another one may be simpler.

    Raises:
        NothingToMinimiseError: if none of the rules fails.
        NotPlayableError: if the schedule cannot happen as written.
    """
    search = _Search(runner, schedule, rules, should_stop, alike)
    search.descend(lambda known: sorted(in_place(known), key=schedule_order))
    if nearby or (nearby is None and search.trial.schedule.size >= MANY_ELEMENTS):
        search.descend(lambda known: _nearby(runner.player, known), MOST_RUNS)
        search.descend(lambda known: sorted(in_place(known), key=schedule_order))
    return Shrunk(search.trial, search.tried)


def needs(
    runner: Runner, schedule: Schedule, should_stop: Callable[[], bool] = lambda: False
) -> tuple[Need, ...]:
    """For each element of a minimal schedule the verdict without it, until it is to stop."""
    found: list[Need] = []
    with contextlib.suppress(Interrupted), interruptions.breaking_off():
        for element in takewhile(lambda _: not should_stop(), schedule.elements):
            trial = runner.run(schedule.without(element))
            verdict = trial.verdict if trial.playable else Verdict.UNKNOWN
            found.append(Need(described(element), verdict))
    return tuple(found)


class _Search:
    """Runs candidates and keeps one that still fails in the same way."""

    def __init__(
        self,
        runner: Runner,
        schedule: Schedule,
        rules: Collection[str] | None,
        should_stop: Callable[[], bool],
        alike: Callable[[Trial], bool],
    ) -> None:
        self.tried = 0
        self._alike = alike
        self._should_stop = should_stop
        self.trial = runner.run(schedule)
        self.trial.require_playable("the schedule")
        failing = self.trial.failing(rules)
        if not failing:
            named = "every rule holds" if rules is None else f"{', '.join(sorted(rules))} holds"
            raise NothingToMinimiseError(
                f"'{schedule}' does not fail: {named}, so there is nothing to minimise"
            )
        self._runner = runner
        self._wanted = rules
        self._verdict = Verdict.worst(each.verdict for each in failing)
        self._rules = self._failing(self.trial)

    def descend(
        self, candidates: Callable[[Schedule], Iterable[Schedule]], most: float = float("inf")
    ) -> None:
        """Take the first candidate that fails in the same way, again and again."""
        end = self.tried + most
        with contextlib.suppress(Interrupted), interruptions.breaking_off():
            while any(
                self._keeps(each)
                for each in takewhile(
                    lambda _: self.tried < end and not self._should_stop(),
                    candidates(self.trial.schedule),
                )
            ):
                pass

    def _keeps(self, candidate: Schedule) -> bool:
        self.tried += 1
        trial = self._runner.run(candidate)
        failing = self._failing(trial) if trial.playable else set[str]()
        if not self._rules & failing or not self._alike(trial):
            return False
        self.trial, self._rules = trial, failing
        return True

    def _failing(self, trial: Trial) -> set[str]:
        failing = trial.failing(self._wanted)
        return {each.rule for each in failing if each.verdict is self._verdict}


def in_place(schedule: Schedule) -> Iterator[Schedule]:
    """Every schedule that is one step simpler: an element less, or one element simpler."""
    for element in dict.fromkeys(schedule.elements):
        yield schedule.without(element)
        for simpler in _simpler(element):
            yield schedule.replacing(element, simpler)
    yield from _simpler_surroundings(schedule)
    if schedule.seed:
        yield replace(schedule, seed=0)


def _simpler(element: Element) -> Iterator[Element]:
    match element:
        case Fault(kind, _, times):
            for fewer in (1, 2, 3, 4, 6):
                if times is None or fewer < times:
                    yield element._replace(times=fewer, hours=0)
            if element.hours:
                yield element._replace(hours=0)
            if kind in KINDS and kind != _SIMPLEST_KIND:
                yield element._replace(kind=_SIMPLEST_KIND)
        case Act(kind, _):
            if kind != _SIMPLEST_ACT:
                yield element._replace(kind=_SIMPLEST_ACT)
        case Preemption() | Death():
            pass


def _simpler_surroundings(schedule: Schedule) -> Iterator[Schedule]:
    for ending in takewhile(lambda each: each is not schedule.pipeline, Ending):
        yield replace(schedule, pipeline=ending)
    if schedule.journal is not Journal.DELETE:
        yield replace(schedule, journal=Journal.DELETE)


# --- nearby ---------------------------------------------------------------------------------------


def _nearby(player: Player, schedule: Schedule) -> Iterator[Schedule]:
    """Fewer elements, then simpler surroundings, then simpler elements in any place.

    Simpler is a kind that comes earlier in the catalogue, an earlier point, fewer times.
    """
    elements = schedule.elements
    shorter = [schedule.without(element) for element in elements]
    yield from shorter
    yield from _simpler_surroundings(schedule)
    for base, element in zip(shorter, elements, strict=True):
        yield from _with_each(base, _variants(element), player, until=element)
    for base in shorter:  # what is left may have moved, because an earlier try is missing now
        for element in base.elements:
            yield from _with_each(base.without(element), [element], player)


def _with_each(
    base: Schedule, variants: Sequence[Element], player: Player, until: Element | None = None
) -> Iterator[Schedule]:
    """The base with each of the variants at each point of its history, in order."""
    kinds = tuple(dict.fromkeys(each.kind for each in variants if isinstance(each, Fault)))
    rehearsal = rehearse(player, base, kinds)
    for variant in variants:
        match variant:
            case Fault():
                points = [offer.point for offer in rehearsal.faults() if offer.name == variant.kind]
            case Act():
                points = [offer.point for offer in rehearsal.acts((variant.kind,))]
            case Preemption():
                found = rehearsal.preemptions()
                points = [offer.point for offer in found if offer.name == variant.to]
            case Death():
                return  # it comes where it comes
        for point in points:
            placed = variant._replace(at=point)
            if placed == until:
                return
            yield base.adding(placed)


def _variants(element: Element) -> list[Element]:
    """The element in every simpler kind, then in its own."""
    match element:
        case Fault(kind, at, times):
            earlier = takewhile(lambda each: each != kind, KINDS if kind in KINDS else ())
            once = [Fault(each, at) for each in (*earlier, kind)]
            return [*once, element] if times != 1 else list(once)
        case Act(kind, at):
            return [Act(_SIMPLEST_ACT, at), element] if kind != _SIMPLEST_ACT else [element]
        case Preemption() | Death():
            return [element]
