"""Opens what makes schedules happen: the one place that chooses a player."""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any, Self, Unpack

from runfaults.crash.lives import Lives
from runfaults.explore.runner import Player, PlayerKind
from runfaults.model import Schedule
from runfaults.native.native import NativeSimulation
from runfaults.oracle.own import own_rules
from runfaults.report.redact import redacted
from runfaults.sim.execution import Execution
from runfaults.sim.other_process import VisitingProcess
from runfaults.sim.simulation import How, Simulation
from runfaults.sqlite.real.lasting import CAUSES
from runfaults.targets import target_named


def open_player(
    target: str,
    kind: PlayerKind = PlayerKind.SIMULATION,
    *,
    own: Collection[str] = (),
    within: str | None = None,
    on_strike: Callable[[], None] | None = None,
    redact: bool = False,
) -> AbstractContextManager[Player]:
    """A player to be entered, in a process that has none.

    Args:
        target: Name of the system under test.
        kind: Which player.
        own: Addresses of rules of the user's own.
        within: Folder for its files, which are removed when it is left; None for the usual one.
        on_strike: Called in the struck thread right before each emulated strike, for a debugger.
        redact: Whether its histories leave out values of the user's data, before anything is told
            of them.

    Raises:
        LookupError: if there is no such target.
        RuleError: if such a rule cannot be used.
        TargetError: if it does its work in processes of its own.
    """
    opened: AbstractContextManager[Player]
    match kind:
        case PlayerKind.SIMULATION:
            opened = Simulation(
                target_named(target),
                on_strike,
                within,
                own_rules=own_rules(own),
                another=VisitingProcess(target),
            )
        case PlayerKind.NATIVE:
            another = VisitingProcess(target)
            opened = NativeSimulation(target_named(target), within, own_rules(own), another)
        case PlayerKind.LIVES:
            opened = Lives(target, own)
        case PlayerKind.FIRST_LIVES:
            opened = Lives(target, own, first=True)
    return _Redacting(opened) if redact else opened


class _Redacting:
    """A player whose histories have no values: no rule, report or journal can tell one.

    Args:
        opened: Makes the schedules happen.
    """

    def __init__(self, opened: AbstractContextManager[Player]) -> None:
        self._opened = opened

    def __enter__(self) -> Self:
        self._player = player = self._opened.__enter__()
        self.target, self.own_rules = player.target, player.own_rules
        return self

    def __exit__(self, *error: Any) -> None:  # noqa: ANN401, PYI036  # as they were given
        self._opened.__exit__(*error)

    def play(self, schedule: Schedule, **how: Unpack[How]) -> Execution:
        """See `Player`."""
        execution = self._player.play(schedule, **how)
        return replace(execution, history=redacted(execution.history))


def player_for(schedule: Schedule) -> PlayerKind:
    """The simplest player that can make a schedule happen."""
    if schedule.deaths:
        return PlayerKind.LIVES
    if any(fault.kind in CAUSES for fault in schedule.faults):
        return PlayerKind.NATIVE
    return PlayerKind.SIMULATION
