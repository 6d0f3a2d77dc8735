"""Watches the connections of a repetition: counts the operations of the call, and strikes one."""

from __future__ import annotations

import threading
import weakref
from contextlib import suppress
from sqlite3 import Error
from time import sleep
from typing import NamedTuple

from runfaults.anomaly.database_state import DatabaseState, read_state
from runfaults.anomaly.ending import NeverEndsError, mark
from runfaults.anomaly.strike import Point, Strike
from runfaults.model import Operation
from runfaults.sqlite.gate import Call, FaultKind
from runfaults.sqlite.kinds import KINDS
from runfaults.sqlite.likelihood import Likelihood
from runfaults.sqlite.observed import Observed
from runfaults.user_code import calling_line

_CLEANING_UP = {Operation.ROLLBACK, Operation.CLOSE}
"""A call that is ended may do this."""
_TICK = 0.001
_PATIENCE = 200
"""So many ticks a thread waits for a lock of another thread that performs no operation."""


class SeenPoint(NamedTuple):
    """An operation of the clean run.

    Attributes:
        point: Its number.
        shape: Operation and verb: what comes again where names are random.
        subject: What it is about.
        place: The line of the user's code that performed it.
        kinds: What can strike there, and how likely it is.
        in_memory: Its database has no file.
    """

    point: Point
    shape: str
    subject: str
    place: str
    kinds: dict[str, Likelihood]
    in_memory: bool

    def __str__(self) -> str:
        """The operation: the words of a fault point without its actor."""
        return self.subject


class Orders(NamedTuple):
    """What a watch has to do in the call.

    Attributes:
        strike: What strikes; None for a clean run.
        shape: Of the point in the first clean run: another one has not come again.
        kinds: What a survey asks for.
        limit: The number of operations at which the call is ended.
        lifted_after: The number of operations that a lasting fault strikes at most.
    """

    strike: Strike | None = None
    shape: str = ""
    kinds: tuple[str, ...] = ()
    limit: int = 100_000
    lifted_after: int = 1_000_000


class Watch:
    """A gate: idle, but for the time of the call."""

    def __init__(self) -> None:
        self.points: list[SeenPoint] = []
        self.before_call: dict[str, DatabaseState] = {}
        """The databases as they were when the call began, or when it first opened them."""
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
        self._counts: dict[int, Point] = {}
        self._connections: list[weakref.ref[Observed]] = []

    def begin(self, orders: Orders) -> None:
        """The call begins."""
        with self._lock:
            for path in self.paths():
                if path not in self.before_call:
                    self.before_call[path] = read_state(path)
            self._counts = {threading.get_ident(): Point(0, 1)}
            self.operations = 0
            self._orders = orders

    def end(self) -> None:
        """The call has ended: the fault is lifted."""
        with self._lock:
            self._orders = None

    def connections(self) -> list[Observed]:
        """The open ones."""
        alive = [one for ref in self._connections if (one := ref()) is not None]
        return [one for one in alive if not one.closed]

    def close_connections(self) -> None:
        """Close those that are left open, but for those of other threads."""
        for connection in self.connections():
            with suppress(Error):
                connection.close()

    def transactions(self) -> list[Observed]:
        """The connections to files that have a transaction open.

        With `autocommit=False` one is always open: it counts when it has read or written.
        """
        return [
            one
            for one in self.connections()
            if one.path
            and one.in_transaction
            and (not one.has_autocommit(on=False) or one.state.writing or one.state.snapshot)
        ]

    def paths(self) -> list[str]:
        """The database files, in the order in which they were opened first."""
        return list(dict.fromkeys([*self.before_call, *self._opened]))

    @property
    def _opened(self) -> list[str]:
        return [one.path for one in self.connections() if one.path]

    # --- the gate -----------------------------------------------------------------------------

    def before(self, call: Call) -> FaultKind | None:
        """See `Gate`."""
        self.progress += 1
        with self._lock:
            orders = self._orders
            if orders is None:
                return None
            self.operations += 1
            if self.operations > orders.limit and call.operation not in _CLEANING_UP:
                raise NeverEndsError(f"it had performed {orders.limit:,} operations of SQLite")
            point = self._next_point()
            shape = f"{call.operation} {call.statement.verb}".strip()
            if orders.kinds:
                self.points.append(_seen(call, point, shape, orders.kinds))
            return self._due(call, point, shape, orders)

    def after(self, call: Call, error: BaseException | None) -> None:
        """See `Gate`."""
        self.progress += 1
        if error is not None and getattr(self._striking, "call", None) is call.real:
            mark(error)
        self._striking.call = None
        if call.operation is Operation.CONNECT and call.connection is not None:
            self._note(call.connection)

    def busy(self, call: Call, waited: int) -> bool:
        """Wait for another thread as long as that goes on; for the own one no waiting helps."""
        mine = threading.get_ident()
        others = [ident for ident in self._counts if ident != mine]
        if not others or call.connection is None:
            return False
        if waited == 0 or self.progress != self._seen_at:
            self._seen_at, self._since = self.progress, waited
        sleep(_TICK)
        return waited - self._since < _PATIENCE

    _seen_at = -1
    _since = 0

    # --- what it does -------------------------------------------------------------------------

    _striking = threading.local()

    def _next_point(self) -> Point:
        thread = threading.get_ident()
        last = self._counts.get(thread) or Point(0, len(self._counts) + 1)
        self._counts[thread] = point = last._replace(number=last.number + 1)
        return point

    def _due(self, call: Call, point: Point, shape: str, orders: Orders) -> FaultKind | None:
        strike = orders.strike
        if strike is None or self.changed or self.struck >= orders.lifted_after:
            return None
        first = point == strike.point
        if not first and not (strike.lasting and self.struck):
            return None
        kind = KINDS[strike.kind]
        refusal = kind.refusal(call)
        if first and orders.shape not in {"", shape}:
            self.changed = f"operation {point} was {orders.shape} and is {shape}"
        elif first and refusal is not None:
            self.changed = f"{strike.kind} cannot strike operation {point} any more: {refusal}"
        if self.changed or refusal is not None:
            return None
        self.struck += 1
        self.struck_elsewhere |= point.thread > 1
        self._striking.call = call.real
        return kind

    def _note(self, connection: Observed) -> None:
        with self._lock:
            self._connections.append(weakref.ref(connection))
            path = connection.path
            if path and self._orders is not None and path not in self.before_call:
                with suppress(Error):
                    self.before_call[path] = read_state(path)


def _seen(call: Call, point: Point, shape: str, kinds: tuple[str, ...]) -> SeenPoint:
    in_memory = call.connection is not None and not call.connection.path
    possible = {
        name: KINDS[name].likelihood_at(call)
        for name in kinds
        if not in_memory and KINDS[name].refusal(call) is None
    }
    subject = call.statement.subject
    words = str(call.operation)
    if subject and subject.lower() != words:
        words = f"{words} {subject}"
    return SeenPoint(point, shape, words, calling_line(), possible, in_memory)
