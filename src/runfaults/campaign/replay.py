"""Plays one scenario in a place of its own."""

from __future__ import annotations

from collections.abc import Callable, Collection

from runfaults.campaign.players import open_player, player_for
from runfaults.explore.probe import probe
from runfaults.explore.runner import PlayerKind, Runner
from runfaults.explore.trial import Trial
from runfaults.model import Scenario, Schedule


def replay(
    scenario: Scenario,
    target: str | None = None,
    *,
    own: Collection[str] = (),
    real: bool = False,
    redact: bool = False,
    on_strike: Callable[[], None] | None = None,
) -> Trial:
    """Play a scenario, against its own target or another one.

    Args:
        scenario: What to play.
        target: Name of another target than the scenario's own.
        own: Addresses of rules of the user's own, besides those that the scenario names.
        real: Whether its faults are provoked for real.
        redact: Whether values of the user's data are left out of its history.
        on_strike: Called in the struck thread right before each strike, for a debugger.

    Raises:
        NotPlayableError: if a fault cannot strike where the scenario wants it, or a point is never
            reached: a scenario that tests nothing must not pass.
        LookupError: if there is no such target.
        TargetError: if it cannot be tested.
    """
    trial = play(
        target or scenario.target,
        scenario.schedule,
        own=(*scenario.own_rules, *own),
        real=real,
        redact=redact,
        on_strike=on_strike,
    )
    trial.require_playable(scenario.name)
    trial.require_offered(scenario.name)
    return trial


def play(
    target: str,
    schedule: Schedule,
    *,
    own: Collection[str] = (),
    real: bool = False,
    redact: bool = False,
    on_strike: Callable[[], None] | None = None,
) -> Trial:
    """Run one schedule, as `replay` does, and judge it, whether all of it happened or not."""
    kind = PlayerKind.NATIVE if real else player_for(schedule)
    with open_player(target, kind, own=own, on_strike=on_strike, redact=redact) as player:
        probe(player)
        return Runner(player).run(schedule, with_places=True)
