"""What is left of a run when everything has settled: threads, connections, transactions, locks."""

from __future__ import annotations

import gc
from collections.abc import Iterator

from runfaults.model import Event, EventKind
from runfaults.sim.gate import WorldGate
from runfaults.sim.recorder import Recorder
from runfaults.sim.scheduler import Scheduler
from runfaults.sqlite.observed import Observed
from runfaults.targets.target import Inspectable, TargetError
from runfaults.user_code import place_of, told


class Leftovers:
    """Looks for them.

    Args:
        scheduler: Knows the threads and the locks.
        gate: Knows the connections.
        recorder: Knows what has happened.
    """

    def __init__(self, scheduler: Scheduler, gate: WorldGate, recorder: Recorder) -> None:
        self._scheduler = scheduler
        self._gate = gate
        self._recorder = recorder

    def of_the_dead(self) -> Iterator[tuple[str, str]]:
        """What no manager that is still open can want: locks of threads that have ended."""
        for lock in self._scheduler.locks:
            if lock.owner is not None and not lock.owner.alive:
                yield "lock", f"{lock.name} held by {lock.owner.name}"
        if not self._scheduler.livelock.polling:
            for opener, connection in self._reachable_connections():
                if connection.in_transaction:
                    yield "transaction", f"of the connection opened by {opener}"

    def of_all(self) -> Iterator[tuple[str, str]]:
        """Whatever a system keeps."""
        for actor in self._scheduler.all_actors:
            if actor.alive and not actor.background:
                yield "thread", actor.name
        for opener, connection in self._reachable_connections():
            yield "connection", f"opened by {opener}"
            if connection.in_transaction:
                yield "transaction", f"of the connection opened by {opener}"
        for lock in self._scheduler.locks:
            if lock.owner is not None:
                yield "lock", f"{lock.name} held by {lock.owner.name}"

    def _reachable_connections(self) -> list[tuple[str, Observed]]:
        """The open connections, without those that only wait for the garbage collector.

        A target that is closed is not asked to close what an act opens later, such as the API.
        """
        if not any(True for _ in self._gate.left_open()):
            return []
        for actor in self._scheduler.all_actors:
            if not actor.alive:
                actor.thread = None  # with what the target's own thread object refers to
        gc.collect()
        acting = [actor.name for actor in self._scheduler.all_actors if not actor.of_target]
        return list(self._gate.left_open(acting, self._closed_at()))

    def _closed_at(self) -> int:
        """Number of the event with which the user's manager was closed, or of the next one."""
        for event in reversed(self._recorder.events):
            if (event.actor, event.kind, event.subject) == ("user", EventKind.REPLY, "close"):
                return event.number
        return len(self._recorder.events)

    def told_by(self, manager: Inspectable) -> list[tuple[str, str]]:
        """What the adapter says that is held; that it cannot be used is no violation."""
        try:
            pairs = list(manager.leaks())
            wrong = next((each for each in pairs if not _is_pair(each)), None)
            complaint = "" if wrong is None else f"yielded {wrong!r}"
        except TargetError:
            raise
        except Exception as error:  # noqa: BLE001  # the adapter may raise anything
            pairs, complaint = [], f"raised {told(error)}{place_of(error)}"
        if not complaint:
            return pairs
        if not any(event.subject == "uncontrolled" for event in self._stuck()):
            text = f"the adapter's `leaks` {complaint}; it must yield pairs of texts: what, which"
            self._recorder.add("harness", EventKind.STUCK, "uncontrolled", text)
        return []

    def _stuck(self) -> list[Event]:
        return [event for event in self._recorder.events if event.kind is EventKind.STUCK]


def _is_pair(told: object) -> bool:
    match told:
        case (str(), str()) if not isinstance(told, str):
            return True
        case _:
            return False
