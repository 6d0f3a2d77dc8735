"""Clean runs before an exploration: does the target keep its side of the protocol at all?"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator

from runfaults.explore.runner import Player
from runfaults.model import (
    Act,
    Ending,
    Event,
    EventKind,
    FaultPoint,
    History,
    Journal,
    Operation,
    Schedule,
)
from runfaults.oracle.no_rows import RAISED
from runfaults.oracle.own import RuleError
from runfaults.oracle.words import undeclared
from runfaults.process_end import clean_runs_over
from runfaults.sim.simulation import CLEAN_ENDINGS
from runfaults.sim.stuck import in_a_clean_run
from runfaults.targets.target import TargetError

_TELLING = ("cancel", "read")
"""Acts that show words which no other clean run does."""


def probe(player: Player) -> tuple[str, ...]:
    """Run the target without any fault, and see whether it can be tested at all.

    What it records in the end is not looked at here: that is for the rules.

    Returns:
        Names of the acts that can be done with its manager, and of the endings that its work has.

    Raises:
        TargetError: it does not start, does not do the work, cannot be watched, or records a
            status that it did not declare; the message says what was seen and what to change.
        RuleError: a query of one of the user's own rules cannot be asked.
    """
    offered: tuple[str, ...] = ()
    worker = ""
    for ending in CLEAN_ENDINGS:
        execution = player.play(Schedule(pipeline=ending, journal=Journal.TARGET), with_places=True)
        history, offered = execution.history, execution.offered
        _require_answers(player, history)
        for complaint in _COMPLAINTS:
            for text in complaint(history):
                raise TargetError(in_a_clean_run(history.target, ending, text))
        worker = next(event.actor for event in _of(history, EventKind.PIPELINE))
    _require_words(player, offered, FaultPoint(worker, Operation.REACH, "pipeline"))
    clean_runs_over()
    return offered


def _require_words(player: Player, offered: Collection[str], working: FaultPoint) -> None:
    """See what a run is called that is cancelled at its work, and what a read answers then."""
    acts = tuple(Act(kind, working) for kind in _TELLING if kind in offered)
    if not acts:
        return
    cancelled = Schedule(Ending.NOTICES_CANCEL, acts=acts, journal=Journal.TARGET)
    history = player.play(cancelled).history
    for text in _not_declared(history):
        raise TargetError(
            f"target {history.target}, in a run without a fault ({history.schedule}): {text}"
        )


def _require_answers(player: Player, history: History) -> None:
    for event in _of(history, EventKind.ROWS):
        for rule in player.own_rules:
            if event.subject in rule.queries and event.value.startswith(RAISED):
                raise RuleError(
                    f"rule {rule.name} at {rule.place}: `{event.subject}` {event.value}; the query "
                    "reads what the target has in its database after a clean run"
                )


def _not_started(history: History) -> Iterator[str]:
    for event in _of(history, EventKind.REPLY):
        if event.subject in {"open", "start", "close"} and event.value.startswith("raised "):
            stack = dict(history.places).get(event.number, "").splitlines()
            at = f" at {stack[-1]}" if stack else ""
            yield f"{event.subject} {event.value}{at}; it must work where nothing is in its way"


def _stuck(history: History) -> Iterator[str]:
    for event in _of(history, EventKind.STUCK):
        if event.subject == "uncontrolled":
            yield event.value
        yield f"it never ends: {event.subject}: {event.value}"


def _not_recorded(history: History) -> Iterator[str]:
    shown = {event.run for event in _of(history, EventKind.STATUS)}
    for event in _of(history, EventKind.REPLY):
        if event.subject != "start":
            continue
        if not shown:
            yield (
                f"start answered {event.value}, yet the audit saw no status: does `audit` name the "
                "table, and is it in the database file that `open` is given?"
            )
        elif event.run not in shown:
            rows = ", ".join(map(str, sorted(run for run in shown if run is not None)))
            yield (
                f"start answered {event.value}, yet the audit saw run {rows}: `start` must "
                "return the number that `audit` gives to the run"
            )


def _not_worked(history: History) -> Iterator[str]:
    pipeline = _of(history, EventKind.PIPELINE)
    if not pipeline:
        yield (
            "the work was never done: `open` must make the target call `work` as its work "
            "function, in a thread that it starts, and `wait` must not return before that"
        )
    for event in pipeline:
        runs = {told.run for told in _of(history, EventKind.STATUS)}
        if event.run is not None and event.run not in runs:
            yield f"`work` was called for run {event.run}, which the audit never saw"


def _not_declared(history: History) -> Iterator[str]:
    return (finding.reason for finding in undeclared(history))


_COMPLAINTS: tuple[Callable[[History], Iterator[str]], ...] = (
    _not_started,
    _stuck,
    _not_recorded,
    _not_worked,
    _not_declared,
)


def _of(history: History, kind: EventKind) -> list[Event]:
    return [event for event in history.events if event.kind is kind]
