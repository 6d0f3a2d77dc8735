"""Watches the connections of a repetition: counts the operations of the call, and strikes one."""

from __future__ import annotations

import threading
from contextlib import suppress
from sqlite3 import Error
from typing import NamedTuple
from weakref import WeakSet

from runfaults.anomaly.database_state import DatabaseState, read_state
from runfaults.anomaly.ending import NeverEndsError, mark
from runfaults.model import Operation
from runfaults.sqlite.gate import Call, FaultKind
from runfaults.sqlite.inject import actor
from runfaults.sqlite.kinds import KINDS
from runfaults.sqlite.numbering import Numbering, Point
from runfaults.sqlite.observed import Observed
from runfaults.sqlite.open_connections import OpenConnections
from runfaults.sqlite.plan import PointCounter
from runfaults.sqlite.short_waits import ShortWaits
from runfaults.sqlite.strike import Strike
from runfaults.sqlite.survey import Surveyed, shape_of

_CLEANING_UP = {Operation.ROLLBACK, Operation.CLOSE}
"""A call that is ended may do this."""


class Orders(NamedTuple):
    """What a watch has to do in the call.

    Attributes:
        strike: What strikes; None for a clean run.
        shape: Of the point in the first clean run: another one is another point.
        kinds: What a survey asks for.
        limit: The number of operations at which the call is ended.
        lifted_after: The number of operations that a lasting fault strikes at most.
        or_later: Where it cannot strike at its point, it strikes the next operation that it can.
    """

    strike: Strike | None = None
    shape: str = ""
    kinds: tuple[str, ...] = ()
    limit: int = 100_000
    lifted_after: int = 1_000_000
    or_later: bool = False


class Watch:
    """A gate: idle, but for the time of the call."""

    def __init__(self) -> None:
        self.points: list[Surveyed] = []
        self.before_call: dict[str, DatabaseState] = {}
        """The databases as they were when the call began, or when it first opened them."""
        self.connections = OpenConnections()
        self.used: WeakSet[Observed] = WeakSet()
        """The connections that the call has used."""
        self.operations = 0
        """How many the call has performed, over all threads."""
        self.struck = 0
        self.struck_elsewhere = False
        """Whether it was an operation of another thread than the caller's."""
        self.changed = ""
        """Why the point is not the one of the clean run; empty if it is."""
        self.progress = 0
        self._lock = threading.RLock()
        self._orders: Orders | None = None
        self._numbering = Numbering()
        self._counter = PointCounter()
        self._waits = ShortWaits(lambda: self.progress, lambda: self._numbering.alone)

    def renew(self) -> None:
        """Another call follows: forget what was seen of the last one."""
        self.points.clear()
        self.before_call.clear()
        self.struck, self.struck_elsewhere, self.changed = 0, False, ""

    def begin(self, orders: Orders) -> None:
        """The call begins."""
        with self._lock:
            self._read(*self.connections.paths)
            self._numbering, self._counter = Numbering(), PointCounter()
            self.operations = 0
            self.used.clear()
            self._orders = orders

    def end(self) -> None:
        """The call has ended: the fault is lifted."""
        with self._lock:
            self._orders = None

    def paths(self) -> list[str]:
        """The database files, in the order in which they were opened first."""
        return list(dict.fromkeys([*self.before_call, *self.connections.paths]))

    # --- the gate -----------------------------------------------------------------------------

    def before(self, call: Call) -> FaultKind | None:
        """See `Gate`."""
        self.progress += 1
        with self._lock:
            orders = self._orders
            if orders is None:
                return None
            self.operations += 1
            if call.connection is not None:
                self.used.add(call.connection)
            if self.operations > orders.limit and call.operation not in _CLEANING_UP:
                raise NeverEndsError(f"it had performed {orders.limit:,} operations of SQLite")
            number = self._numbering.next()
            if orders.kinds:
                point = self._counter.point(actor(), call.operation, call.statement.subject)
                seen = Surveyed.of(call, point, number, orders.kinds)
                self.points.append(seen._replace(kinds={}) if seen.in_memory else seen)
            return self._due(call, number, orders)

    def after(self, call: Call, error: BaseException | None) -> None:
        """See `Gate`."""
        self.progress += 1
        if error is not None and getattr(self._striking, "call", None) is call.real:
            mark(error)
        self._striking.call = None
        with self._lock:
            files = self.connections.hear(call)
            if self._orders is not None:
                with suppress(Error):
                    self._read(*files)

    def busy(self, call: Call, waited: int) -> bool:
        """See `Gate`."""
        return self._waits.busy(call, waited)

    # --- what it does -------------------------------------------------------------------------

    _striking = threading.local()

    def _read(self, *paths: str) -> None:
        for path in paths:
            if path not in self.before_call:
                self.before_call[path] = read_state(path)

    def _due(self, call: Call, point: Point, orders: Orders) -> FaultKind | None:
        strike = orders.strike
        if strike is None or self.changed or self.struck >= orders.lifted_after:
            return None
        first = point == strike.at
        if orders.or_later:
            first = point.thread == strike.at.thread and point >= strike.at and not self.struck
        if not first and not (strike.lasting and self.struck):
            return None
        kind = KINDS[strike.kind]
        refusal = kind.refusal(call)
        shape = shape_of(call.operation, call.statement.subject)
        if first and orders.shape not in {"", shape}:
            self.changed = f"operation {point} was {orders.shape} and is {shape}"
        elif first and refusal is not None and not orders.or_later:
            self.changed = f"{strike.kind} cannot strike operation {point} any more: {refusal}"
        if self.changed or refusal is not None:
            return None
        self.struck += 1
        self.struck_elsewhere |= point.thread > 1
        self._striking.call = call.real
        return kind
