"""The same schedules with real faults: the engine itself fails, and says how.

The simulation brings the manager to the fault point. There the cause is armed for real (a lock
held by another process, a system call that fails, a limit of the kernel), the operation is
performed by the engine, and the cause is disarmed. What is raised and what is left is the engine's.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Generator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Self, Unpack, cast

from runfaults.model import Schedule
from runfaults.oracle.rule import Rule
from runfaults.sim.execution import Execution
from runfaults.sim.misfortunes import EVERY_FAULT
from runfaults.sim.real_threads import uncontrolled
from runfaults.sim.simulation import How, Simulation, Visitors
from runfaults.sqlite.gate import Call, FaultKind
from runfaults.sqlite.kinds.closed import Closed
from runfaults.sqlite.real.held_by_process import OtherProcess
from runfaults.sqlite.real.lasting import CAUSES, DISK_FULL, READ_ONLY_FOLDER
from runfaults.sqlite.real.recipe import Recipe, Unavailable, under
from runfaults.sqlite.real.small_disk import small_disk
from runfaults.sqlite.situation import READS, Situation, situation_of
from runfaults.targets.target import Target


class NativeSimulation:
    """A player whose faults have real causes: enter it once, play many schedules.

    Args:
        target: The system under test.
        within: Folder for its files, which are removed when it is left; None for the usual one.
        own_rules: Rules of the user's own, whose queries are asked.
        another: Another process, for the acts that need one.
    """

    def __init__(
        self,
        target: Target,
        within: str | None = None,
        own_rules: tuple[Rule, ...] = (),
        another: Visitors | None = None,
    ) -> None:
        self._target = target
        self._another = another
        self.own_rules = own_rules
        self._within = within
        self._causes = _Causes()
        self._stack, self._with_other = contextlib.ExitStack(), contextlib.ExitStack()
        self._place = ""
        self._simulation: Simulation | None = None
        self._refused: dict[str, str] = {}

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as stack:
            self._causes.other = stack.enter_context(OtherProcess())
            self._simulation_at("")
            self._with_other = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()
        self._with_other.close()

    @property
    def target(self) -> Target:
        """The system under test."""
        return self._target

    def play(self, schedule: Schedule, **how: Unpack[How]) -> Execution:
        """Run one schedule to its end, as `Player.play` says.

        A fault whose cause this machine cannot make is emulated, and told as unavailable.
        """
        unavailable = self._causes.unavailable
        unavailable.clear()
        try:
            simulation = self._simulation_at(_place_for(schedule))
        except Unavailable as reason:
            unavailable[str(reason)] = None
            lasting = [fault for fault in schedule.faults if fault.kind in CAUSES]
            simulation, schedule = self._simulation_at(""), schedule.without(*lasting)
        execution = simulation.play(schedule, **how)
        return replace(execution, unavailable=tuple(unavailable))

    @contextlib.contextmanager
    def emulating(self) -> Generator[None]:
        """Have faults emulated meanwhile, to compare the two."""
        self._causes.for_real = False
        try:
            yield
        finally:
            self._causes.for_real = True

    def _simulation_at(self, place: str) -> Simulation:
        """The simulation whose database lies there, entered.

        Raises:
            Unavailable: if this machine has no such place.
        """
        if place in self._refused:
            raise Unavailable(self._refused[place])
        if self._simulation is None or place != self._place:
            self._stack.close()
            self._simulation = None
            with contextlib.ExitStack() as stack:
                within = self._within
                if place == DISK_FULL:
                    within = str(self._remembering(place, stack))
                simulation = Simulation(
                    self._target,
                    within=within,
                    kinds=self._causes.kinds,
                    own_rules=self.own_rules,
                    another=self._another,
                )
                stack.enter_context(simulation)
                self._simulation, self._place, self._stack = simulation, place, stack.pop_all()
        return self._simulation

    def _remembering(self, place: str, stack: contextlib.ExitStack) -> Path:
        try:
            return stack.enter_context(small_disk())
        except Unavailable as reason:
            self._refused[place] = str(reason)
            raise


def _place_for(schedule: Schedule) -> str:
    """Where the database has to be for the causes of a schedule.

    Raises:
        Unavailable: if there is no such place for this user.
    """
    names = {fault.kind for fault in schedule.faults}
    if READ_ONLY_FOLDER in names and os.geteuid() == 0:
        raise Unavailable("root may write to a read-only folder")
    return DISK_FULL if DISK_FULL in names else ""


class _Causes:
    """Every fault kind, struck by its real cause.

    Attributes:
        kinds: The kinds, by name.
        unavailable: What could not be made since this was cleared, a sentence each.
        for_real: Whether causes are made; otherwise faults are emulated.
        other: The process that holds locks; it is begun outside of any simulation.
    """

    def __init__(self) -> None:
        self.unavailable: dict[str, None] = {}
        self.for_real = True
        self.kinds = {name: _Real(kind, self) for name, kind in EVERY_FAULT.items()}
        self.other: OtherProcess | None = None

    def recipe(self, kind: FaultKind, call: Call) -> Recipe:
        """What makes a kind fail a call: for locks one in another process.

        Raises:
            Unavailable: if nothing makes it, or not on this machine.
        """
        if kind.name in {*CAUSES, Closed.name} or not call.operation.touches_database:
            return kind.real(call)
        situation = situation_of(call)
        if isinstance(situation, str):
            raise Unavailable(situation)
        if kind.name != "busy" or self.other is None:
            return kind.real(call)
        if situation in {Situation.COMMIT, Situation.COMMIT_UNCHANGED}:
            return self.other.hold("shared")
        return self.other.hold("exclusive" if situation in READS else "reserved")


class _Real:
    """A kind that strikes as its cause does."""

    def __init__(self, kind: FaultKind, causes: _Causes) -> None:
        self.name = kind.name
        self.summary = kind.summary
        self._kind = kind
        self._causes = causes

    def refusal(self, call: Call) -> str | None:
        """See `FaultKind`."""
        return self._kind.refusal(call)

    def waits(self, call: Call) -> bool:
        """See `FaultKind`."""
        return self._kind.waits(call)

    def real(self, call: Call) -> Recipe:
        """See `FaultKind`."""
        return self._causes.recipe(self._kind, call)

    def strike(self, call: Call) -> object:
        """Perform the operation under the cause."""
        if not self._causes.for_real:
            return self._kind.strike(call)
        lasting = self.name in CAUSES
        try:
            with uncontrolled():
                result = self._perform(call)
        except Unavailable as reason:
            self._tell(call, str(reason))
            return self._kind.strike(call)
        except BaseException as error:
            if (told := self._difference(error)) is not None:
                self._tell(call, told)
            raise
        if not lasting:
            self._tell(call, "the cause was there, and the engine did not fail")
        return result

    def _tell(self, call: Call, why: str) -> None:
        where = f"{self.name} at {call.operation} {call.statement.subject}".rstrip()
        self._causes.unavailable[f"{where}: {why}"] = None

    def _perform(self, call: Call) -> object:
        """The operation under the cause. The gate has waited for the lock already."""
        recipe = self.real(call)
        connection = call.connection
        lasting = partial(self._tell, call)
        if connection is None:
            # Those that strike `connect` work on the process, not on a connection.
            return under(recipe, cast("sqlite3.Connection", None), call.real, lasting)
        timeout = connection.busy_timeout
        connection.busy_timeout = timeout if self.name in CAUSES else 0.0
        try:
            return under(recipe, connection, call.real, lasting)
        finally:
            connection.busy_timeout = timeout

    def _difference(self, error: BaseException) -> str | None:
        """Insist on the kind that the schedule names: the primary code must be the same."""
        expected: int | None = getattr(self._kind, "code", None)
        if expected is None or not isinstance(error, Exception):
            return None
        seen: int = getattr(error, "sqlite_errorcode", _WITHOUT_CODE.get(type(error), 0))
        return f"the engine said {error!r} instead" if (expected ^ seen) & 0xFF else None


_WITHOUT_CODE: Mapping[type[Exception], int] = {MemoryError: sqlite3.SQLITE_NOMEM}
"""Errors of the engine to which CPython gives no code."""
