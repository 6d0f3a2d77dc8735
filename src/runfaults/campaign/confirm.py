"""Plays a violation outside of what the emulation knows."""

from __future__ import annotations

from runfaults.campaign.players import open_player
from runfaults.explore.runner import PlayerKind, Runner
from runfaults.model import Verdict, Violation


def confirm(violation: Violation) -> str | None:
    """Play a violation's scenario with real faults.

    Returns:
        A sentence for the report if the same rules are broken; None if there is nothing to confirm
        or it cannot be confirmed here.
    """
    scenario = violation.scenario
    if violation.verdict is not Verdict.BROKEN:
        return None
    if scenario.schedule.deaths:
        return "every death was a real SIGKILL on a real database file"
    with open_player(scenario.target, PlayerKind.NATIVE, own=scenario.own_rules) as player:
        trial = Runner(player).run(scenario.schedule)
    if not trial.playable:
        return None
    broken = {each.rule for each in trial.judgements if each.verdict is Verdict.BROKEN}
    if not broken >= set(scenario.rules):
        return None
    if not scenario.schedule.faults:
        return "on the real engine: no fault is needed"
    causes = ", ".join(sorted({fault.kind for fault in scenario.schedule.faults}))
    strikes = sum(trial.execution.struck)
    times = "once" if strikes == 1 else f"{strikes} times"
    return f"on the real engine: SQLite itself failed {times}, by a real cause of {causes}"
