"""Which fault strikes which call."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from typing import Generic, Protocol, TypeVar

from runfaults.model import FaultPoint, Operation
from runfaults.model.fault import MOST_STRIKES
from runfaults.sqlite.gate import Call, FaultKind
from runfaults.sqlite.kinds import KINDS, kind_named


class PointCounter:
    """Numbers the operations of the actors as they come."""

    def __init__(self) -> None:
        self._counts: dict[tuple[str, Operation, str], int] = {}

    def point(self, actor: str, operation: Operation, subject: str = "") -> FaultPoint:
        """The point that an actor has just reached."""
        key = (actor, operation, subject)
        self._counts[key] = ordinal = self._counts.get(key, 0) + 1
        return FaultPoint(actor, operation, subject, ordinal)

    def count(self, like: FaultPoint) -> int:
        """How many points there have been that differ from one by their ordinal alone."""
        return self._counts.get((like.actor, like.operation, like.subject), 0)


class Planned(Protocol):
    """What strikes: a `Fault` at a point that is named, a `Strike` at one that is counted."""

    @property
    def kind(self) -> str:
        """The name of its kind."""
        ...

    @property
    def at(self) -> Hashable:
        """Where it begins."""
        ...

    @property
    def times(self) -> int | None:
        """How many operations it strikes; None until it is lifted."""
        ...

    @property
    def lifted_after(self) -> float:
        """Seconds after which it is lifted then."""
        ...


_Planned = TypeVar("_Planned", bound=Planned)


class FaultPlan(Generic[_Planned]):
    """Faults waiting for their points, and those at work.

    A fault begins at its point. From then on it strikes each call of the same actor that its kind
    can really strike, until it has struck `times` times, or, without a number, until
    `lifted_after` seconds have passed since it could strike first, or after `MOST_STRIKES`. Where
    several could strike a call, the first in order does. A fault that cannot strike at its point is
    refused, and strikes nowhere.
    """

    def __init__(
        self,
        faults: tuple[_Planned, ...],
        now: Callable[[], float],
        kinds: Mapping[str, FaultKind] = KINDS,
    ) -> None:
        """Make a plan.

        Args:
            faults: In the order in which they take precedence.
            now: The time in seconds, on whichever clock.
            kinds: What strikes, by name.

        Raises:
            ValueError: if a fault's kind does not exist.
        """
        self.faults = faults
        self.refused: list[tuple[_Planned, str]] = []
        """Faults whose point was reached, but whose kind cannot strike there, and why."""
        self._now = now
        self._kinds = [kind_named(fault.kind, kinds) for fault in faults]
        self._struck = [0] * len(faults)
        self._first: dict[int, float] = {}
        self._waiting: dict[Hashable, list[int]] = {}
        self._active: dict[str, list[int]] = {}
        for index, fault in enumerate(faults):
            self._waiting.setdefault(fault.at, []).append(index)

    @property
    def struck(self) -> tuple[int, ...]:
        """How often each fault has struck so far."""
        return tuple(self._struck)

    def unreached(self) -> tuple[_Planned, ...]:
        """The faults whose points have not been reached."""
        waiting = sorted(index for indices in self._waiting.values() for index in indices)
        return tuple(self.faults[index] for index in waiting)

    def lift(self) -> None:
        """End every fault at work; those still waiting never begin, and stay unreached."""
        self._active.clear()
        self._lifted = True

    _lifted = False

    def due(
        self, point: FaultPoint, call: Call, number: Hashable | None = None
    ) -> FaultKind | None:
        """The kind that strikes this call, if any. To be asked once for each call.

        Args:
            point: The call's.
            call: What is about to be performed.
            number: Its number, where points are counted.
        """
        if self._lifted:
            return None
        beginning: list[int] = []
        if self._waiting:
            beginning = self._waiting.pop(point, []) + self._waiting.pop(number, [])
        if beginning:
            self._active[point.actor] = sorted(self._active.get(point.actor, []) + beginning)
        indices = self._active.get(point.actor)
        if not indices:
            return None
        striking: FaultKind | None = None
        for index in tuple(indices):
            if self._is_over(index):
                indices.remove(index)
                continue
            reason = self._kinds[index].refusal(call)
            if reason is None:
                self._first.setdefault(index, self._now())
            if reason is None and striking is None:
                striking = self._kinds[index]
                self._strike(index, indices)
            elif reason is not None and index in beginning:
                self.refused.append((self.faults[index], reason))
                indices.remove(index)
        return striking

    @property
    def to_be_lifted(self) -> tuple[_Planned, ...]:
        """The faults at work that only time ends."""
        active = sorted(index for indices in self._active.values() for index in indices)
        faults = (self.faults[index] for index in active if not self._is_over(index))
        return tuple(fault for fault in faults if fault.times is None)

    def _is_over(self, index: int) -> bool:
        first = self._first.get(index)
        if self.faults[index].times is not None or first is None:
            return False
        fault = self.faults[index]
        return self._now() - first >= fault.lifted_after or self._struck[index] >= MOST_STRIKES

    def _strike(self, index: int, indices: list[int]) -> None:
        self._struck[index] += 1
        if self._struck[index] == self.faults[index].times:
            indices.remove(index)
