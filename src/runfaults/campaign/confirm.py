"""Says what a violation was shown with: how much of it was real, and what was tried in vain.

Only what came about with real threads, in real time, is called confirmed. A real error of the
engine at a point of a schedule is provoked inside of the simulation, which orders the threads.
"""

from __future__ import annotations

from collections.abc import Iterator

from runfaults.campaign.players import open_player
from runfaults.explore.runner import PlayerKind, Runner
from runfaults.explore.trial import Trial
from runfaults.model import Schedule, Verdict, Violation
from runfaults.sqlite.real.lasting import CAUSES

INSIDE = "inside of the simulation"
"""Where a schedule is played."""


def confirm(violation: Violation) -> str | None:
    """Play a violation's scenario with real faults.

    Returns:
        What it was shown with, in a sentence, or why it could not be; None if there is nothing to
        confirm.
    """
    scenario = violation.scenario
    if violation.verdict is not Verdict.BROKEN:
        return None
    if scenario.schedule.deaths:
        faults = " and emulated faults" if scenario.schedule.faults else ""
        return f"shown with real deaths (SIGKILL){faults}, {INSIDE}"
    with open_player(scenario.target, PlayerKind.NATIVE, own=scenario.own_rules) as player:
        trial = Runner(player).run(scenario.schedule)
    why = next(_obstacles(trial, scenario.rules), None)
    return f"shown {reality(trial)}" if why is None else f"not confirmed: {why}"


def reality(trial: Trial) -> str:
    """How much of a trial with real faults was real, in words."""
    kinds = sorted({fault.kind for fault in trial.schedule.faults})
    if not kinds:
        return f"on the real engine without a fault, {INSIDE}"
    named = ", ".join(kinds)
    if not CAUSES.keys().isdisjoint(kinds):
        return f"with a real cause ({named}), {INSIDE}"
    errors = sum(trial.execution.struck)
    counted = "a real error" if errors == 1 else f"{errors} real errors"
    return f"with {counted} of the engine ({named}), {INSIDE}"


def _obstacles(trial: Trial, rules: tuple[str, ...]) -> Iterator[str]:
    """Why a trial with real faults does not show that the rules are broken."""
    for wanted in trial.lacking():
        yield f"the target offers no '{wanted}'"
    for reason in trial.execution.unavailable:
        yield f"no real cause is available here: {reason}"
    for fault, reason in trial.execution.refused:
        yield f"with real causes '{fault}' could not strike: {reason}"
    for element in trial.execution.unreached:
        yield f"with real causes '{element}' was never reached"
    broken = {each.rule for each in trial.judgements if each.verdict is Verdict.BROKEN}
    if unbroken := [rule for rule in rules if rule not in broken]:
        yield f"{_given(trial.schedule)} not broken: {', '.join(unbroken)}"


def _given(schedule: Schedule) -> str:
    return "with real causes" if schedule.faults else "on the real engine"
