"""The same schedules with real faults: the engine itself fails, and says how.

The simulation brings the manager to the fault point. There the cause is armed for real (a lock
held by another process, a system call that fails, a limit of the kernel), the operation is
performed by the engine, and the cause is disarmed. What is raised and what is left is the engine's.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Self, cast

from runfaults.explore.replay import NotPlayableError, require_playable
from runfaults.model import History, Judgement, Scenario, Verdict, Violation
from runfaults.oracle.judge import judge
from runfaults.sim.scheduler import outside
from runfaults.sim.simulation import Simulation
from runfaults.sqlite.gate import Call, FaultKind, Gate
from runfaults.sqlite.real.catalogue import real_cause
from runfaults.sqlite.real.held_by_process import OtherProcess
from runfaults.sqlite.real.recipe import Recipe, Unavailable
from runfaults.sqlite.situation import READS, Situation, situation_of
from runfaults.sqlite.watched import WatchedConnection
from runfaults.targets import target_named


@dataclass(frozen=True, slots=True)
class RealReplay:
    """What came of a scenario with real faults.

    Attributes:
        scenario: What was played.
        history: What happened.
        judgements: What every rule says.
        not_had: Why this machine could not make a fault of the scenario for real, a sentence
            each; empty if it could.
        strikes: How often the engine really failed.
    """

    scenario: Scenario
    history: History
    judgements: tuple[Judgement, ...]
    not_had: tuple[str, ...]
    strikes: int

    @property
    def verdict(self) -> Verdict:
        """The worst of the judgements; unknown where a fault could not be had."""
        if self.not_had:
            return Verdict.UNKNOWN
        return Verdict.worst(judgement.verdict for judgement in self.judgements)

    def describe(self) -> str:
        """The result in one line."""
        if self.not_had:
            return f"not had on this machine: {'; '.join(self.not_had)}"
        times = "once" if self.strikes == 1 else f"{self.strikes} times"
        return f"{self.verdict} (the engine itself failed {times})"


def replay_for_real(scenario: Scenario, target: str | None = None) -> RealReplay:
    """Play a scenario with real faults.

    Args:
        scenario: What to play.
        target: Name of another target than the scenario's own.

    Raises:
        NotPlayableError: as `replay.replay` does.
        LookupError: if there is no such target.
    """
    with RealFaults() as faults, faults.simulation(target or scenario.target) as simulation:
        return faults.play(simulation, scenario)


def confirm(violation: Violation) -> str | None:
    """Play a violation's scenario with real faults.

    Returns:
        A sentence for the report if the same rules are broken; None if there is nothing to confirm
        or it cannot be confirmed here.
    """
    scenario = violation.scenario
    if violation.verdict is not Verdict.BROKEN:
        return None
    try:
        played = replay_for_real(scenario)
    except NotPlayableError:
        return None
    broken = {each.rule for each in played.judgements if each.verdict is Verdict.BROKEN}
    if played.not_had or not broken >= set(scenario.rules):
        return None
    if not scenario.schedule.faults:
        return "on the real engine: no fault is needed"
    causes = ", ".join(sorted({fault.kind for fault in scenario.schedule.faults}))
    times = "once" if played.strikes == 1 else f"{played.strikes} times"
    return f"on the real engine: SQLite itself failed {times}, by a real cause of {causes}"


class RealFaults:
    """Makes faults for real. Enter it once, use many simulations inside."""

    def __init__(self) -> None:
        self._other = OtherProcess()
        self._gate: _RealGate | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._other.__exit__()

    def simulation(self, target: str) -> Simulation:
        """A simulation of the target in which faults are real."""
        return Simulation(target_named(target), around=self._around)

    def play(self, simulation: Simulation, scenario: Scenario) -> RealReplay:
        """Play a scenario in one of these simulations, which is entered already.

        Raises:
            NotPlayableError: as `replay.replay` does.
        """
        gate = self._gate
        if gate is None:
            raise RuntimeError("the simulation was made elsewhere: use RealFaults.simulation")
        gate.begin()
        execution = simulation.run(scenario.schedule)
        require_playable(scenario.name, execution)
        judgements = judge(execution.history)
        not_had = tuple(dict.fromkeys(gate.not_had))
        return RealReplay(scenario, execution.history, judgements, not_had, gate.strikes)

    def _around(self, gate: Gate) -> Gate:
        self._gate = _RealGate(gate, self._recipe)
        return self._gate

    def _recipe(self, kind: str, situation: Situation) -> Recipe:
        """Which cause: for locks one in another process."""
        if kind == "closed":
            return _closed_past_the_gate
        if kind != "busy":
            return real_cause(kind, situation)
        if situation in {Situation.COMMIT, Situation.COMMIT_UNCHANGED}:
            return self._other.hold("shared")
        return self._other.hold("exclusive" if situation in READS else "reserved")


@dataclass
class _RealGate:
    """The gate of a simulation, with each kind's strike made by its real cause."""

    inner: Gate
    recipe: Callable[[str, Situation], Recipe]
    not_had: list[str] = field(default_factory=list[str])
    strikes: int = 0

    def begin(self) -> None:
        """Forget what was before."""
        self.not_had.clear()
        self.strikes = 0

    def before(self, call: Call) -> FaultKind | None:
        """See `Gate`."""
        kind = self.inner.before(call)
        return None if kind is None else cast("FaultKind", _RealKind(kind, self))

    def after(self, call: Call, error: BaseException | None) -> None:
        """See `Gate`."""
        self.inner.after(call, error)

    def busy(self, call: Call, waited: int) -> bool:
        """See `Gate`."""
        return self.inner.busy(call, waited)


class _RealKind:
    """Strikes as its cause does."""

    def __init__(self, kind: FaultKind, gate: _RealGate) -> None:
        self._kind = kind
        self._gate = gate

    def strike(self, call: Call) -> Any:  # noqa: ANN401 - what the operation returns, if it does
        """Perform the operation under the cause; the emulation stands in where it cannot be had."""
        name = self._kind.name
        where = f"{name} at {call.operation} {call.statement.subject}".rstrip()
        try:
            recipe = self._recipe_for(call)
            with outside():
                result = _perform(recipe, call)
        except (Unavailable, KeyError) as reason:
            why = reason.args[0] if isinstance(reason, Unavailable) else "no real cause is known"
            self._gate.not_had.append(f"{where}: {why}")
            return self._kind.strike(call)
        except BaseException as error:
            self._gate.strikes += 1
            self._compare(where, error)
            raise
        self._gate.not_had.append(f"{where}: the cause was there, and the engine did not fail")
        return result

    def _recipe_for(self, call: Call) -> Recipe:
        situation = situation_of(call)
        if isinstance(situation, str):
            if self._kind.name != "closed":
                raise Unavailable(situation)
            situation = Situation.READ
        return self._gate.recipe(self._kind.name, situation)

    def _compare(self, where: str, error: BaseException) -> None:
        """Insist on the kind that the schedule names: the primary code must be the same."""
        expected: int | None = getattr(self._kind, "code", None)
        seen: int | None = getattr(error, "sqlite_errorcode", None)
        if expected is not None and seen is not None and (expected ^ seen) & 0xFF:
            self._gate.not_had.append(f"{where}: the engine said {error!r} instead")


def _perform(recipe: Recipe, call: Call) -> object:
    """The operation under the cause. The gate has waited for the lock already."""
    connection = call.connection
    if connection is None:
        # Those that strike `connect` work on the process, not on a connection.
        return recipe(cast("sqlite3.Connection", None), call.real)
    timeout, connection.busy_timeout = connection.busy_timeout, 0.0
    try:
        return recipe(connection, call.real)
    finally:
        connection.busy_timeout = timeout


def _closed_past_the_gate(
    connection: sqlite3.Connection, operation: Callable[[], object]
) -> object:
    """Another thread closes the connection, which is no operation of the target's own."""
    thread = threading.Thread(target=sqlite3.Connection.close, args=(connection,))
    thread.start()
    thread.join()
    if isinstance(connection, WatchedConnection):
        connection.closed = True
    return operation()


def agreement(simulated: Verdict, real: RealReplay) -> bool:
    """Whether reality says what the simulation said, as far as reality could be had."""
    return bool(real.not_had) or simulated is real.verdict
