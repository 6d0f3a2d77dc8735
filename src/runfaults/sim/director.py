"""Plays a schedule's acts and preemptions at their points."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from runfaults.model import Act, FaultPoint, Operation, Preemption, Schedule

RESUMED = "resumed"
"""Milestone that an actor reaches when one of its waits has ended, before it is resumed. The
director may switch there, but it is no yield point: the operation that waited began before."""


class Director(Protocol):
    """Chooses the next actor at a yield point."""

    def choose_next(self, point: FaultPoint, ready: tuple[str, ...]) -> tuple[str, ...]:
        """Name the actors that run before the actor of the point, one after the other.

        `ready` names those that could run. Names of others are ignored. It is asked again each
        time the actor would be resumed, until it names no actor that can run.
        """
        ...


class ScheduleDirector:
    """Starts the actor of an act at its point and runs it first; switches at a preemption.

    Of several preemptions at one point the next applies each time the actor would be resumed.

    Args:
        schedule: What is to happen.
        enter: Brings the actor of an act on stage and returns its name.
        otherwise: Asked where the schedule is silent.
    """

    def __init__(
        self,
        schedule: Schedule,
        enter: Callable[[Act], str],
        otherwise: Director | None = None,
    ) -> None:
        self._enter = enter
        self._otherwise = otherwise
        self._acts: dict[FaultPoint, list[Act]] = {}
        self._preemptions: dict[FaultPoint, list[Preemption]] = {}
        for act in schedule.acts:
            if act.at is not None:
                self._acts.setdefault(act.at, []).append(act)
        for preemption in schedule.preemptions:
            self._preemptions.setdefault(preemption.at, []).append(preemption)
        self.ignored: list[Act | Preemption] = []

    def choose_next(self, point: FaultPoint, ready: tuple[str, ...]) -> tuple[str, ...]:
        """See `Director`."""
        acts = self._acts.pop(point, None) if self._acts else None
        preemptions = self._preemptions.get(point) if self._preemptions else None
        if acts is None and not preemptions:
            if self._otherwise is None or point.operation is Operation.TASK:
                return ()
            return self._otherwise.choose_next(point, ready)
        first = [self._enter(act) for act in acts or ()]
        if preemptions:
            preemption = preemptions.pop(0)
            if preemption.to in ready:
                first.insert(0, preemption.to)
            elif preemption.to not in first:
                self.ignored.append(preemption)
        return tuple(first)

    def pending(self) -> list[FaultPoint]:
        """The points of the acts and preemptions whose moment may still come."""
        return [*self._acts, *(at for at, waiting in self._preemptions.items() if waiting)]

    def unreached(self) -> tuple[str, ...]:
        """The acts and preemptions that never had their moment, as text."""
        acts = [str(act) for acts in self._acts.values() for act in acts]
        missed = [str(each) for preemptions in self._preemptions.values() for each in preemptions]
        ignored = [f"{element} (not ready there)" for element in self.ignored]
        return (*acts, *missed, *ignored)
