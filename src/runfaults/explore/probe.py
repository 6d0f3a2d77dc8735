"""Clean runs before an exploration: does the target keep its side of the protocol at all?"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping

from runfaults.explore.proposal import NoProposalError, proposed, source_of
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
    Vocabulary,
)
from runfaults.oracle.no_rows import RAISED
from runfaults.oracle.own import RuleError
from runfaults.oracle.words import undeclared
from runfaults.process_end import clean_runs_over
from runfaults.sim.execution import Execution
from runfaults.sim.simulation import CLEAN_ENDINGS
from runfaults.sim.stuck import in_a_clean_run
from runfaults.targets.base import Adapter
from runfaults.targets.places import place_in
from runfaults.targets.target import Target, TargetError

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
    played = {ending: _play(player, ending) for ending in CLEAN_ENDINGS}
    offered = played[Ending.RAISES].offered
    if not player.target.vocabulary.words:
        raise TargetError(_proposal(player, played, offered))
    for ending, execution in played.items():
        for text in _not_declared(execution.history):
            raise TargetError(in_a_clean_run(execution.history.target, ending, text))
    for text in _the_wrong_way_round(player.target, played):
        raise TargetError(f"target {player.target.name}, in clean runs: {text}")
    _require_words(player, offered, _working(played[Ending.RAISES]))
    _require_its_own_id(player)
    clean_runs_over()
    return offered


def _play(player: Player, ending: Ending) -> Execution:
    execution = player.play(Schedule(pipeline=ending, journal=Journal.TARGET), with_places=True)
    _require_answers(player, execution.history)
    for complaint in _COMPLAINTS:
        for text in complaint(player.target, execution):
            raise TargetError(in_a_clean_run(execution.history.target, ending, text))
    return execution


def _working(execution: Execution) -> FaultPoint:
    """The point at which the work begins."""
    worker = next(event.actor for event in _of(execution.history, EventKind.PIPELINE))
    return FaultPoint(worker, Operation.REACH, "pipeline")


def vocabulary_of(player: Player) -> Vocabulary:
    """What the words of a target seem to mean: for its author to confirm.

    Raises:
        TargetError: as `probe`, but for words that are not declared.
        NoProposalError: the words do not show it.
    """
    played = {ending: _play(player, ending) for ending in CLEAN_ENDINGS}
    return _proposed(player, played, played[Ending.RAISES].offered)


def _proposed(
    player: Player, played: Mapping[Ending, Execution], offered: Collection[str]
) -> Vocabulary:
    shown = [_statuses(played[ending].history) for ending in (Ending.SUCCEEDS, Ending.RAISES)]
    if "cancel" in offered:
        acts = (Act("cancel", _working(played[Ending.RAISES])),)
        cancelled = Schedule(Ending.NOTICES_CANCEL, acts=acts, journal=Journal.TARGET)
        shown.append(_statuses(player.play(cancelled).history))
    return proposed(*shown)


def _proposal(player: Player, played: Mapping[Ending, Execution], offered: Collection[str]) -> str:
    """The complaint about a target that declares no words."""
    name = f"target {player.target.name}{place_in(player.target, 'vocabulary', 'audit')}"
    try:
        text = source_of(_proposed(player, played, offered))
    except NoProposalError as error:
        return f"{name}: {error}"
    return (
        f"{name}: it declares no words; judging by its clean runs they mean "
        f"vocabulary = {text}; write that into the adapter if it is so"
    )


def _statuses(history: History) -> list[str]:
    """What was recorded of the first run."""
    told = _of(history, EventKind.STATUS)
    return [event.value for event in told if event.run == told[0].run]


def _require_words(player: Player, offered: Collection[str], working: FaultPoint) -> None:
    """See what a run is called that is cancelled at its work, and what a read answers then."""
    acts = tuple(Act(kind, working) for kind in _TELLING if kind in offered)
    if not acts:
        return
    cancelled = Schedule(Ending.NOTICES_CANCEL, acts=acts, journal=Journal.TARGET)
    history = player.play(cancelled).history
    for text in (*_not_declared(history), *_not_answered(player.target, history)):
        raise TargetError(
            f"target {history.target}, in a run without a fault ({history.schedule}): {text}"
        )


def _require_its_own_id(player: Player) -> None:
    """See that a second run, when the first has ended, is not recorded as if it were the first."""
    acts = (Act("start", FaultPoint("user", Operation.REACH, "settled")),)
    execution = player.play(Schedule(acts=acts, journal=Journal.TARGET))
    history = execution.history
    asked = [e.number for e in _of(history, EventKind.REQUEST) if e.subject == "start"]
    if len(asked) > 1 and any(e.number > asked[-1] for e in _of(history, EventKind.STATUS)):
        for text in _not_recorded(player.target, execution):
            raise TargetError(f"target {history.target}, where two runs were started: {text}")


def _require_answers(player: Player, history: History) -> None:
    for event in _of(history, EventKind.ROWS):
        for rule in player.own_rules:
            if event.subject in rule.queries and event.value.startswith(RAISED):
                raise RuleError(
                    f"rule {rule.name} at {rule.place}: `{event.subject}` {event.value}; the query "
                    "reads what the target has in its database after a clean run"
                )


def _not_started(target: Target, execution: Execution) -> Iterator[str]:
    history = execution.history
    for event in _of(history, EventKind.REPLY):
        if event.subject in {"open", "start", "close"} and event.value.startswith("raised "):
            stack = dict(history.places).get(event.number, "").splitlines()
            called = {"open": ("open", "begin")}.get(event.subject, (event.subject,))
            at = f" at {stack[-1]}" if stack else place_in(target, *called)
            yield f"{event.subject} {event.value}{at}; it must work when no fault strikes"


def _not_answered(target: Target, history: History) -> Iterator[str]:
    for event in _of(history, EventKind.REPLY):
        known = event.value in {"True", "False", "None"} or event.value.startswith("raised ")
        if event.subject == "cancel" and not known:
            yield (
                f"`cancel`{place_in(target, 'cancel')} answered {event.value}; it must answer True "
                "(accepted), False (refused) or None (no promise)"
            )


def _the_wrong_way_round(target: Target, played: Mapping[Ending, Execution]) -> Iterator[str]:
    """Who tells success from failure has no reason to call each by the name of the other."""
    done, failed = (
        _statuses(played[ending].history)[-1] for ending in (Ending.SUCCEEDS, Ending.RAISES)
    )
    words = target.vocabulary
    if done in words.failed and failed in words.completed:
        yield (
            f"it recorded {done!r} where the work succeeded, and {failed!r} where it raised; "
            f"`vocabulary`{place_in(target, 'vocabulary')} has them the wrong way round"
        )


def _stuck(_: Target, execution: Execution) -> Iterator[str]:
    history = execution.history
    for event in _of(history, EventKind.STUCK):
        if event.subject == "uncontrolled":
            yield event.value
        at = dict(history.places).get(event.number)
        yield f"it never ends: {event.subject}: {event.value}{f', at {at}' * bool(at)}"


def _not_recorded(target: Target, execution: Execution) -> Iterator[str]:
    history, ids = execution.history, dict(execution.ids)
    shown = {event.run for event in _of(history, EventKind.STATUS) if event.run is not None}
    for event in _of(history, EventKind.REPLY):
        if event.subject != "start" or event.value.startswith("raised "):
            continue
        if not shown:
            yield (
                f"start answered {event.value}, yet the audit saw no status: does `audit`"
                f"{place_in(target, 'audit')} name the table, and is it in the database file that "
                f"{_opening(target)} is given?{_elsewhere(execution)}"
            )
        elif event.run not in shown:
            rows = ", ".join(ids.get(run, str(run)) for run in sorted(shown))
            yield (
                f"start answered {event.value}, yet the audit saw run {rows}: `start`"
                f"{place_in(target, 'start')} must return the number, or the id, that `audit`"
                f"{place_in(target, 'audit')} gives to the run"
            )


def _not_worked(target: Target, execution: Execution) -> Iterator[str]:
    history, ids = execution.history, dict(execution.ids)
    pipeline = _of(history, EventKind.PIPELINE)
    if not pipeline:
        yield (
            f"the work was never done: {_opening(target)} must make the target call `work` as its "
            "work function, in a thread that it starts, and `wait` must not return before that; "
            f"recorded was: {', '.join(_statuses(history))}; "
            + ("; ".join(_left_waiting(history)) or "does what calls it raise?")
        )
    runs = {told.run for told in _of(history, EventKind.STATUS)}
    for event in pipeline:
        if event.run is not None and event.run not in runs:
            run = ids.get(event.run, str(event.run))
            yield f"`work` was called for run {run}, which the audit never saw"


def _left_waiting(history: History) -> Iterator[str]:
    """Where threads of the target still wait when everything has settled."""
    places, last = dict(history.places), {event.actor: event for event in history.events}
    for event in last.values():
        stack = places.get(event.number, "").splitlines()
        if event.kind is EventKind.WAIT and stack and event.actor != "user":
            yield f"the thread {event.actor} waits for {event.subject} at {stack[-1]}"


def _worked_inline(target: Target, execution: Execution) -> Iterator[str]:
    """A user who waits for the work in `start` can neither cancel nor wait for it."""
    asking: set[str] = set()
    for event in execution.history.events:
        if event.subject == "start" and event.kind is EventKind.REQUEST:
            asking.add(event.actor)
        elif event.subject == "start" and event.kind is EventKind.REPLY:
            asking.discard(event.actor)
        elif event.kind is EventKind.PIPELINE and event.actor in asking:
            yield (
                f"the work was done inside of `start`{place_in(target, 'start')}, by the thread "
                "that called it: let the system do it in a thread of its own, such as its worker, "
                "and let `start` return before"
            )


def _elsewhere(execution: Execution) -> str:
    """The databases that were opened besides the one that is watched."""
    return "".join(f" It opened {name}{place}" for name, place in execution.elsewhere)


def _opening(target: Target) -> str:
    """The method that opens the system, and where it is."""
    name = "begin" if isinstance(target, Adapter) else "open"
    return f"`{name}`{place_in(target, name)}"


def _not_declared(history: History) -> Iterator[str]:
    return (finding.reason for finding in undeclared(history))


_COMPLAINTS: tuple[Callable[[Target, Execution], Iterator[str]], ...] = (
    _not_started,
    _stuck,
    _not_recorded,
    _not_worked,
    _worked_inline,
)


def _of(history: History, kind: EventKind) -> list[Event]:
    return [event for event in history.events if event.kind is kind]
