"""The gate between the target's connections and SQLite while a schedule runs."""

from __future__ import annotations

import gc
import weakref
from _thread import get_ident
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from runfaults.model import ENDING, EventKind, Fault, FaultPoint, Operation
from runfaults.sim.actor import Turns, Wait, actors
from runfaults.sim.durability import DurabilityWatch
from runfaults.sim.execution import SurveyedPoint
from runfaults.sim.exits import note_foreign_thread, require_no_children
from runfaults.sim.meter import Phase, border
from runfaults.sim.misfortunes import SIMULATED_KINDS
from runfaults.sim.recorder import Recorder
from runfaults.sim.sharing import DATABASE, changes, in_use, touch_all, touch_used
from runfaults.sim.slow import wait_while_slow
from runfaults.sqlite.errors import EmulationError, is_busy
from runfaults.sqlite.gate import Call, FaultKind, Gate
from runfaults.sqlite.kinds import kind_named
from runfaults.sqlite.observed import Observed
from runfaults.sqlite.plan import FaultPlan
from runfaults.user_code import calling_line, spelt

_Held = tuple[str, Observed]

PATIENCE = 8
"""Lock errors after which the garbage collector comes by.

A connection is part of a cycle with its own cache of statements: one that is dropped, not closed,
keeps its lock until then (CPython source, `new_statement_cache`). In a real process the collector
comes after some dozens of attempts.
"""


class Survey:
    """Asks every kind at every fault point whether it could strike there."""

    def __init__(
        self, names: Sequence[str], kinds: Mapping[str, FaultKind] = SIMULATED_KINDS
    ) -> None:
        self._kinds = [kind_named(name, kinds) for name in names]
        self.points: list[SurveyedPoint] = []

    def ask(self, point: FaultPoint, event: int, call: Call) -> None:
        """Note the answers for one point."""
        refusals = tuple([(kind.name, kind.refusal(call)) for kind in self._kinds])
        self.points.append(SurveyedPoint(point, event, refusals))

    def ask_of_others(self, point: FaultPoint, event: int, call: Call) -> None:
        """Note the answers for what SQLite has no part in, if any kind can strike it."""
        if any(kind.refusal(call) is None for kind in self._kinds):
            self.ask(point, event, call)


@dataclass(slots=True)
class _Opened:
    """A connection that an actor has opened.

    Attributes:
        opener: The actor, by name.
        event: How many events the history had.
        where: The line of the user's code.
        reference: To the connection, which may die.
        closed: Whether it was closed before.
    """

    opener: str
    event: int
    where: str
    reference: weakref.ref[Observed]
    closed: bool = False


_KEPT = (
    "which was opened before this schedule began, so the system keeps it in the process, and each "
    "schedule is a new process: let the adapter's `reset` forget what is kept, such as a pool or "
    "a variable of a module"
)


class WorldGate:
    """The gate of one schedule: every operation is a yield point, is recorded, may be struck."""

    def __init__(
        self,
        turns: Turns,
        recorder: Recorder,
        plan: FaultPlan[Fault],
        observe: Callable[[Observed | None], bool],
        database: Path,
        survey: Survey | None = None,
    ) -> None:
        self._turns = turns
        self._recorder = recorder
        self._plan = plan
        self._observe = observe
        self._database = database
        self._opens_it: dict[str, bool] = {}
        self._unseen = False
        self._locked_out = 0
        self._survey = survey
        self._give_up_at: dict[str, float] = {}
        self._changing: set[str] = set()
        self._in_flight: set[str] = set()
        self.may_have_written = True
        self.on_strike: Callable[[], None] | None = None
        self.has_work_begun: Callable[[], bool] = lambda: False
        self._opened: list[_Opened] = []
        self._durability = DurabilityWatch(recorder)
        self._names: dict[int, str] = {}

    @border(Phase.SWITCHING, Phase.DATABASE)
    def before(self, call: Call) -> FaultKind | None:
        """Wait for this actor's turn; say what strikes."""
        require_no_children()
        try:
            return self._before(call)
        except Exception as error:  # noqa: BLE001 - see `_not_the_target`
            self._not_the_target(error)

    def use(self, point: FaultPoint, call: Call) -> object:
        """Perform what SQLite has no part in, or have a fault strike it."""
        if self._turns.over:
            return call.real()
        call = call._replace(begun=self.has_work_begun())
        if self._survey is not None:
            self._survey.ask_of_others(point, len(self._recorder.events) - 1, call)
        kind = self._plan.due(point, call)
        if kind is None:
            return call.real()
        add = self._recorder.add
        add(point.actor, EventKind.INVOKE, str(point))
        self._tell_strike(point, kind)
        try:
            answer = kind.strike(call)
        except Exception as error:
            add(point.actor, EventKind.ERROR, "", spelt(error))
            raise
        add(point.actor, EventKind.OK)
        return answer

    @border(Phase.SWITCHING, Phase.TARGET)
    def after(self, call: Call, error: BaseException | None) -> None:
        """Record the outcome, and wake the actors that wait for the database."""
        if isinstance(error, EmulationError):
            self._turns.fail(error)
        if self._turns.over:
            return
        actor = self._turns.running
        try:
            self._after(actor.name, call, error)
        except Exception as mistake:  # noqa: BLE001 - see `_not_the_target`
            self._not_the_target(mistake)
        if error is None:
            actor.heed()

    @border(Phase.SWITCHING, Phase.DATABASE)
    def busy(self, call: Call, waited: int) -> bool:
        """Play SQLite's busy handler: wait in the scheduler, on virtual time."""
        try:
            return self._busy(call, waited)
        except Exception as error:  # noqa: BLE001 - see `_not_the_target`
            self._not_the_target(error)

    def _not_the_target(self, error: Exception) -> NoReturn:
        """Keep an error of the harness itself from the target, which might swallow it.

        Whatever it is, it is not the target's. The schedule ends, and its caller gets the error.
        """
        self._turns.fail(error)

    def _before(self, call: Call) -> FaultKind | None:
        turns = self._turns
        self._require_own(call)
        point = turns.reach(call.operation, call.statement.subject)
        if turns.over:
            return None
        wait_while_slow(call.connection, turns)
        change = changes(call)
        if change and not (call.connection and in_use(call.connection)):
            self._observe(None)  # what is there already was written by another
        self._recorder.add(point.actor, EventKind.INVOKE, str(point), call.statement.text)
        touch_used(turns, call, self._names.get(id(call.connection), ""), change=change)
        if change:
            self._changing.add(point.actor)
            if self._can_strike(call.connection):
                self._in_flight.add(point.actor)
                self.may_have_written = True
        if self._survey is not None:
            self._survey.ask(point, len(self._recorder.events) - 1, call)
        kind = self._plan.due(point, call)
        if kind is not None:
            touch_all(turns)
            if not self._still_strikes(kind, call):
                return None
            self._tell_strike(point, kind)
        return kind

    def _tell_strike(self, point: FaultPoint, kind: FaultKind) -> None:
        self._recorder.add(point.actor, EventKind.STRIKE, kind.name, kind.summary)
        if self.on_strike is not None:
            self.on_strike()

    def _require_own(self, call: Call) -> None:
        """End the schedule where a connection is used that an earlier one has left."""
        kept = call.operation is _EXECUTE and id(call.connection) not in self._names
        if kept and call.connection is not None and not self._turns.over:
            at = f" at {line}" if (line := calling_line()) else ""
            self._turns.leave(f"{self._turns.running.name} used a connection{at}, {_KEPT}")

    def _still_strikes(self, kind: FaultKind, call: Call) -> bool:
        """Wait as long as the connection would for a lock; say whether the kind can strike then."""
        turns, connection = self._turns, call.connection
        if connection is None or not connection.busy_timeout or not kind.waits(call):
            return True
        until = turns.clock + connection.busy_timeout
        while turns.clock < until:
            turns.block(Wait("a lock held outside"), until)
        turns.touch("clock", change=True)
        return not kind.refusal(call)  # another thread may have closed it meanwhile

    def _after(self, name: str, call: Call, error: BaseException | None) -> None:
        self._in_flight.discard(name)
        if error is None:
            self._recorder.add(name, EventKind.OK)
        else:
            code = getattr(error, "sqlite_errorname", "")
            touch_all(self._turns)
            text = spelt(error) + (f" [{code}]" if code else "")
            self._recorder.add(name, EventKind.ERROR, "", text)
        connection = call.connection
        if connection is None:
            return
        if call.operation is _CONNECT:
            own = [each for each in self._opened if each.opener == name]
            self._names[id(connection)] = f"connection {len(own) + 1} of {name}"
            self._opened.append(
                _Opened(name, len(self._recorder.events), calling_line(), weakref.ref(connection))
            )
            return
        self._note_closed(connection)
        if connection.closed or not connection.in_transaction or _ended(call, error):
            self._look_at_changes(name, connection)
            self._turns.wake(DATABASE)
        if error is None:
            self._durability.performed(call)
        if error is not None and is_busy(error):
            self._locked_out += 1
            if self._locked_out % PATIENCE == 0:
                gc.collect()

    def _note_closed(self, connection: Observed) -> None:
        if connection.closed:
            for each in self._opened:
                each.closed |= each.reference() is connection

    def _look_at_changes(self, name: str, connection: Observed) -> None:
        """Observe what an actor has changed, and what a lock kept out of sight until now."""
        if self._unseen or name in self._changing:
            told, by_another = len(self._recorder.events), self._unseen
            self._unseen = not self._observe(_keeper(connection))
            if not by_another and not self._unseen:
                recorded = [e for e in self._recorder.events[told:] if e.kind is EventKind.STATUS]
                self._durability.committed(connection, recorded)
        if name in self._changing and (connection.closed or not connection.has_unfinished_cursor):
            # What RETURNING has changed is committed when its last row was fetched.
            self._changing.remove(name)

    def account_for_writes(self) -> bool:
        """Whether a watched operation can have written what a look at the database has just shown.

        That is so if one that writes began or had not ended, or a transaction was open, since the
        last such look.
        """
        accounted = self.may_have_written
        open_still = any(in_use(each) and self._can_strike(each) for _, each in self.left_open())
        self.may_have_written = open_still or bool(self._in_flight)
        return accounted

    def _can_strike(self, connection: Observed | None) -> bool:
        """Whether faults strike its writes of the database: not where that is attached to it."""
        path = connection.path if connection is not None else str(self._database)
        if path not in self._opens_it:
            with suppress(OSError):  # it is a database in memory, or gone
                self._opens_it[path] = Path(path).samefile(self._database)
        return self._opens_it.get(path, False)

    def _who_locks(self) -> str | None:
        """The actor that opened a connection with a lock; the one that asks if no other has."""
        holders = [opener for opener, each in self.left_open() if each.writing or each.reading]
        asks = self._turns.running.name
        return next((each for each in holders if each != asks), asks if holders else None)

    def left_open(self, forgiven: Collection[str] = (), after: int = 0) -> Iterator[_Held]:
        """The connections that are still open, each with the actor that opened it.

        Args:
            forgiven: Actors whose connections are passed over,
            after: if they were opened after the event of that number.

        The interpreter closes a connection without references, and releases its locks: a reference
        from here would keep a lock that no real process would see.
        """
        for each in self._opened:
            connection = each.reference()
            if connection is None or connection.closed:
                continue
            if each.event < after or each.opener not in forgiven:
                yield each.opener, connection

    def abandoned(self) -> tuple[str, ...]:
        """Where connections were opened that were never closed, and are gone."""
        gone = (each for each in self._opened if not each.closed and each.reference() is None)
        return tuple(dict.fromkeys(each.where for each in gone))

    def _busy(self, call: Call, waited: int) -> bool:
        turns = self._turns
        connection = call.connection
        if turns.over or connection is None:
            return False
        name = turns.running.name
        if waited == 0:
            self._give_up_at[name] = turns.clock + connection.busy_timeout
        deadline = self._give_up_at[name]
        if turns.clock >= deadline:
            return False
        again = turns.block(Wait(DATABASE, self._who_locks), deadline)
        touch_all(turns)
        return again


def _keeper(connection: Observed) -> Observed | None:
    """The connection, if it keeps others out though no transaction of it is open."""
    return connection if not in_use(connection) and connection.state.kept else None


def _ended(call: Call, error: BaseException | None) -> bool:
    """Whether a transaction has ended, though with `autocommit=False` the next one is open."""
    return error is None and call.operation in ENDING


_CONNECT, _EXECUTE = Operation.CONNECT, Operation.EXECUTE


class CurrentGate:
    """Sends each call to the gate of the schedule that the calling thread takes part in.

    Threads outside any simulation pass freely, but are noted where they use a database inside.
    """

    def before(self, call: Call) -> FaultKind | None:
        """See `Gate`."""
        gate = _current()
        if gate is not None:
            return gate.before(call)
        if call.connection is not None:
            note_foreign_thread(call.connection.path)
        return None

    def after(self, call: Call, error: BaseException | None) -> None:
        """See `Gate`."""
        gate = _current()
        if gate is not None:
            gate.after(call, error)

    def busy(self, call: Call, waited: int) -> bool:
        """See `Gate`."""
        gate = _current()
        return gate is not None and gate.busy(call, waited)


def _current() -> Gate | None:
    actor = actors.get(get_ident())
    return None if actor is None else actor.gate
