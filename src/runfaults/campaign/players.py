"""Opens what makes schedules happen: the one place that chooses a player."""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import AbstractContextManager

from runfaults.crash.lives import Lives
from runfaults.explore.runner import Player, PlayerKind
from runfaults.model import Schedule
from runfaults.native.native import NativeSimulation
from runfaults.oracle.own import own_rules
from runfaults.sim.simulation import Simulation
from runfaults.sqlite.real.lasting import CAUSES
from runfaults.targets import target_named


def open_player(
    target: str,
    kind: PlayerKind = PlayerKind.SIMULATION,
    *,
    own: Collection[str] = (),
    within: str | None = None,
    on_strike: Callable[[], None] | None = None,
) -> AbstractContextManager[Player]:
    """A player to be entered, in a process that has none.

    Args:
        target: Name of the system under test.
        kind: Which player.
        own: Addresses of rules of the user's own.
        within: Folder for its files, which are removed when it is left; None for the usual one.
        on_strike: Called in the struck thread right before each emulated strike, for a debugger.

    Raises:
        LookupError: if there is no such target.
        RuleError: if such a rule cannot be used.
        TargetError: if it does its work in processes of its own.
    """
    match kind:
        case PlayerKind.SIMULATION:
            return Simulation(target_named(target), on_strike, within, own_rules=own_rules(own))
        case PlayerKind.NATIVE:
            return NativeSimulation(target_named(target), within, own_rules(own))
        case PlayerKind.LIVES:
            return Lives(target, own)
        case PlayerKind.FIRST_LIVES:
            return Lives(target, own, first=True)


def player_for(schedule: Schedule) -> PlayerKind:
    """The simplest player that can make a schedule happen."""
    if schedule.deaths:
        return PlayerKind.LIVES
    if any(fault.kind in CAUSES for fault in schedule.faults):
        return PlayerKind.NATIVE
    return PlayerKind.SIMULATION
