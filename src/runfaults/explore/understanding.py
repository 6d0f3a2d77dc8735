"""Says in plain words what was understood of a target, before anything strikes."""

from __future__ import annotations

from collections.abc import Iterator

from runfaults.explore.probe import probe
from runfaults.explore.proposal import source_of
from runfaults.explore.runner import Player, rules_for
from runfaults.model import (
    Act,
    Ending,
    EventKind,
    FaultPoint,
    History,
    Journal,
    Operation,
    Schedule,
)
from runfaults.oracle.judge import judge
from runfaults.sim.acts import ACTS
from runfaults.sim.execution import Execution
from runfaults.targets.audit import Audit, AuditScript
from runfaults.targets.target import Target, traits


def understood(player: Player) -> tuple[tuple[str, str], ...]:
    """What was understood of a target: a topic and what is to be said of it, each.

    Raises:
        TargetError: it cannot be tested, or exempts itself from what is not a rule.
    """
    offered = probe(player)
    succeeded = player.play(Schedule(journal=Journal.TARGET))
    raised = player.play(Schedule(pipeline=Ending.RAISES, journal=Journal.TARGET))
    acted = [player.play(each) for each in _with_acts(succeeded, offered)]
    return (
        ("status", "; ".join(_places(player.target))),
        ("words", source_of(player.target.vocabulary)),
        ("recorded", f"the work succeeded: {_shown(succeeded)}; it raised: {_shown(raised)}"),
        ("work", _work(succeeded)),
        ("end", _end(offered)),
        ("acts", _acts(offered)),
        ("rules", "; ".join(_rules(player, [succeeded, raised, *acted]))),
    )


def _with_acts(execution: Execution, offered: tuple[str, ...]) -> Iterator[Schedule]:
    """A schedule for each act, at the beginning of the work."""
    worker = next(e.actor for e in execution.history.events if e.kind is EventKind.PIPELINE)
    working = FaultPoint(worker, Operation.REACH, "pipeline")
    for act in offered:
        if act in ACTS and not ACTS[act].to_task:
            yield Schedule(Ending.NOTICES_CANCEL, acts=(Act(act, working),), journal=Journal.TARGET)


def _places(target: Target) -> Iterator[str]:
    audit = target.audit
    if isinstance(audit, AuditScript):
        yield "triggers of the adapter's own tell it"
        return
    for each in audit if isinstance(audit, tuple) else (audit,):
        yield f"{each.status} in a row of {each.table}, whose run is {_key(each)}"
        if each.deleted:
            yield f"{each.deleted} when that row is deleted"


def _key(audit: Audit) -> str:
    return audit.key if isinstance(audit.key, str) else f"({', '.join(audit.key)})"


def _shown(execution: Execution) -> str:
    return ", ".join(_statuses(execution.history))


def _statuses(history: History) -> list[str]:
    told = [event for event in history.events if event.kind is EventKind.STATUS]
    return [event.value or "no row" for event in told if event.run == told[0].run]


def _work(execution: Execution) -> str:
    worker = next(e.actor for e in execution.history.events if e.kind is EventKind.PIPELINE)
    given = [what for what, is_given in execution.given if is_given]
    missing = [what for what, is_given in execution.given if not is_given]
    told = f"is done in the thread {worker}, with {_listed(given) or 'nothing'}"
    return f"{told}; without {_listed(missing)}" if missing else told


def _end(offered: tuple[str, ...]) -> str:
    if "close" in offered:
        return "the manager is closed in the end: what is left then is a leak"
    return (
        "nothing closes the system: the schedule ends when no run is active and threads only poll, "
        "and what it keeps for later runs is not a leak"
    )


def _acts(offered: tuple[str, ...]) -> str:
    missing = [act.name for act in ACTS.values() if act.doors and act.name not in offered]
    played = ", ".join(name for name in offered if name in ACTS)
    return f"{played}; no method for {', '.join(missing)}" if missing else played


def _rules(player: Player, executions: list[Execution]) -> Iterator[str]:
    target = player.target
    rules = rules_for(target, own=player.own_rules)
    asked = {
        judgement.rule
        for execution in executions
        for judgement in judge(execution.history, rules)
        if judgement.exercised
    }
    judging = [rule.name for rule in rules]
    yield f"exercised without a fault: {', '.join(name for name in judging if name in asked)}"
    if rest := [name for name in judging if name not in asked]:
        yield f"by a fault, a death or another act, if at all: {', '.join(rest)}"
    for name, why in traits(target).exempt.items():
        yield f"not {name}: {why}"


def _listed(things: list[str]) -> str:
    *others, last = things or [""]
    return f"{', '.join(others)} and {last}" if others else last
