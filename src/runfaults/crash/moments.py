"""The moments at which a process can die in a state of its own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from runfaults.model import Death, Event, EventKind, FaultPoint, Operation
from runfaults.sqlite.plan import PointCounter

_MILESTONES = frozenset(
    {
        EventKind.REQUEST,
        EventKind.REPLY,
        EventKind.PIPELINE,
        EventKind.SIGNAL,
        EventKind.THREAD,
    }
)


class Moments:
    """Names the moment right after each event of a life.

    INVOKE is right before a fault point's operation, OK and ERROR are right after it, before the
    target hears how it went. REQUEST, REPLY, PIPELINE, SIGNAL and THREAD are milestones: the target
    has done nothing since the event before them. After the others a death would be the same as
    before them.
    """

    def __init__(self) -> None:
        self._counter = PointCounter()
        self._invoked: dict[str, FaultPoint] = {}

    def after(self, event: Event) -> Death | None:
        """The death right after an event; to be asked for one event after the other."""
        actor, kind = event.actor, event.kind
        if kind is EventKind.INVOKE:
            point = self._invoked[actor] = FaultPoint.parse(event.subject)
            return Death(point)
        if kind in {EventKind.OK, EventKind.ERROR}:
            return Death(self._invoked[actor], after=True)
        if kind in _MILESTONES:
            milestone = f"{kind}-{event.subject}"
            return Death(self._counter.point(actor, Operation.REACH, milestone), after=True)
        return None


def deaths_in(events: Iterable[Event]) -> Iterator[tuple[int, Death]]:
    """Every death at a moment of these events, with the number of its event."""
    moments = Moments()
    for event in events:
        if (death := moments.after(event)) is not None:
            yield event.number, death
