"""Shrinks a failing schedule until nothing can be removed, and says what each rest is for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import TypeVar

from runfaults.explore.findings import schedule_order
from runfaults.explore.replay import require_playable
from runfaults.model import Ending, Fault, Judgement, Schedule, Verdict
from runfaults.oracle.judge import judge
from runfaults.sim.simulation import Simulation

_T = TypeVar("_T")


class NothingToMinimiseError(ValueError):
    """The schedule does not fail: there is nothing to preserve while shrinking."""


@dataclass(frozen=True, slots=True)
class Need:
    """What one element of a minimal schedule is needed for.

    Attributes:
        element: The element as text.
        without: The verdict without it.
    """

    element: str
    without: Verdict


@dataclass(frozen=True, slots=True)
class Minimal:
    """A schedule from which nothing can be removed.

    Attributes:
        schedule: The schedule.
        judgements: What every rule says of it.
        needs: For each element, what becomes of the verdict without it.
        tried: How many schedules were run.
    """

    schedule: Schedule
    judgements: tuple[Judgement, ...]
    needs: tuple[Need, ...]
    tried: int


class _Search:
    """Runs candidates and keeps one that still breaks the same rule."""

    def __init__(self, simulation: Simulation, schedule: Schedule, rule: str | None) -> None:
        self._simulation = simulation
        self._rule = rule
        self.tried = 0
        self.schedule = schedule
        execution = simulation.run(schedule)
        require_playable("the schedule", execution)
        self.judgements = judge(execution.history)
        self.verdict = Verdict.worst(each.verdict for each in self.judgements)
        if self.verdict is Verdict.HOLDS:
            raise NothingToMinimiseError(
                f"'{schedule}' does not fail: every rule holds, so there is nothing to minimise"
            )
        self._rules = self._against(self.judgements)

    def judge(self, schedule: Schedule) -> tuple[Judgement, ...] | None:
        """The judgements, or None if the schedule cannot happen as written."""
        self.tried += 1
        execution = self._simulation.run(schedule)
        if execution.refused or execution.unreached:
            return None
        return judge(execution.history)

    def try_smaller(self) -> bool:
        """Replace the schedule by a smaller one that fails the same way, if there is one."""
        for candidate in sorted(candidates(self.schedule), key=schedule_order):
            judgements = self.judge(candidate)
            if judgements is not None and self._rules & self._against(judgements):
                self.schedule, self.judgements = candidate, judgements
                self._rules = self._against(judgements)
                return True
        return False

    def _against(self, judgements: tuple[Judgement, ...]) -> set[str]:
        """The rules with the schedule's verdict; where one is insisted on, no other counts."""
        return {
            each.rule
            for each in judgements
            if each.verdict is self.verdict and self._rule in {None, each.rule}
        }


def minimise(simulation: Simulation, schedule: Schedule, rule: str | None = None) -> Minimal:
    """Shrink a failing schedule.

    Args:
        simulation: Where to run; entered.
        schedule: What to shrink.
        rule: Name of the rule that must stay broken; None: any that is.

    Raises:
        NothingToMinimiseError: if it does not fail.
        NotPlayableError: if it cannot happen as written.
    """
    search = _Search(simulation, schedule, rule)
    while search.try_smaller():
        pass
    return Minimal(search.schedule, search.judgements, _needs(search), search.tried)


def candidates(schedule: Schedule) -> Iterator[Schedule]:
    """Every schedule that is one step simpler: an element less, or one element simpler."""
    for smaller, _ in _one_less(schedule):
        yield smaller
    for number, fault in enumerate(schedule.faults):
        for simpler in _simpler_faults(fault):
            yield replace(schedule, faults=_replaced(schedule.faults, number, simpler))
    for number, act in enumerate(schedule.acts):
        if act.kind != "cancel":
            simpler_act = act._replace(kind="cancel")
            yield replace(schedule, acts=_replaced(schedule.acts, number, simpler_act))
    for ending in takewhile(lambda each: each is not schedule.pipeline, Ending):
        yield replace(schedule, pipeline=ending)
    yield from {replace(schedule, journal="delete"), replace(schedule, seed=0)} - {schedule}


def _simpler_faults(fault: Fault) -> Iterator[Fault]:
    for times in (1, 2, 3, 4, 6):
        if fault.times is None or times < fault.times:
            yield fault._replace(times=times)
    if fault.kind != "busy":
        yield fault._replace(kind="busy")


def _replaced(elements: tuple[_T, ...], number: int, element: _T) -> tuple[_T, ...]:
    return (*elements[:number], element, *elements[number + 1 :])


def _one_less(schedule: Schedule) -> Iterator[tuple[Schedule, str]]:
    for number, fault in enumerate(schedule.faults):
        rest = schedule.faults[:number] + schedule.faults[number + 1 :]
        yield replace(schedule, faults=rest), f"fault {fault}"
    for number, act in enumerate(schedule.acts):
        rest = schedule.acts[:number] + schedule.acts[number + 1 :]
        yield replace(schedule, acts=rest), f"act {act}"
    for number, preemption in enumerate(schedule.preemptions):
        rest = schedule.preemptions[:number] + schedule.preemptions[number + 1 :]
        yield replace(schedule, preemptions=rest), f"switch {preemption}"


def _needs(search: _Search) -> tuple[Need, ...]:
    needs: list[Need] = []
    for smaller, element in _one_less(search.schedule):
        judgements = search.judge(smaller)
        verdict = (
            Verdict.UNKNOWN
            if judgements is None
            else Verdict.worst(each.verdict for each in judgements)
        )
        needs.append(Need(element, verdict))
    return tuple(needs)
