"""What the program did that decided a verdict: the event that a reader looks for in the code."""

from __future__ import annotations

from typing import NamedTuple

from runfaults.model import Event, EventKind, FaultPoint, History, Judgement, Operation

_WRITES = ("INSERT", "UPDATE", "DELETE", "REPLACE")


class Deed(NamedTuple):
    """What decided that a rule is broken.

    Attributes:
        text: What was done: `recorded failed`, `left running`, `cancel raised OperationalError`.
        at: Number of the event by which the program did it; None where no event shows it.
        status: The status that was recorded, where that decided it; else empty.
        after: How the event stands to the deed, where it is not the deed itself.
        sort: What the deeds of one defect have in common, where that is less than the text: it may
            leave a run in this status or in that.
    """

    text: str
    at: int | None
    status: str = ""
    after: str = ""
    sort: str = ""


def deciding(history: History, judgement: Judgement) -> Deed:
    """What decided a judgement: the last event of its evidence says what, and the events where.

    That the work ended is no deed of the program: the status that it belies is.
    """
    events = history.events
    if not events:
        return Deed("nothing happened", None)
    evidence = [events[number] for number in judgement.evidence] or [events[-1]]
    first, last = evidence[0], evidence[-1]
    if last.kind is EventKind.PIPELINE and last.subject != "started":
        last = next((each for each in reversed(evidence) if each.kind is EventKind.STATUS), last)
    if first.kind is EventKind.VOLATILE:
        return Deed("recorded without waiting for the disk", statement_of(history, first))
    match last.kind:
        case EventKind.STATUS:
            text = f"recorded {last.value}" if last.value else "deleted the row"
            return Deed(text, statement_of(history, last), last.value or "(row deleted)")
        case EventKind.SETTLED | EventKind.STUCK:
            return _left(history, last)
        case EventKind.LEAK | EventKind.ROWS:
            return Deed(_left_behind(last), _last_record(history, last), after=_RECORD)
        case _:
            return _done(events, last)


LEFT = "left"
"""The sort of a run that is left in whatever status."""

_RECORD = "after the record"
_STATEMENT = "after the statement"
_FAILURE = "after the failure"


def _done(events: tuple[Event, ...], last: Event) -> Deed:
    """What an actor did or said, and the operation before that."""
    actor, subject = last.actor, last.subject
    error = last.value.removeprefix("raised ").partition(":")[0]
    match last.kind:
        case EventKind.REPLY if last.value.startswith("raised "):
            return Deed(f"{subject} raised {error}", last.number)
        case EventKind.THREAD if subject == "escaped":
            failure = _last(events, last, EventKind.ERROR, actor)
            if failure is None:  # no operation failed before it
                return Deed(f"thread ended by {error}", last.number)
            return Deed(f"thread ended by {error}", failure, after=_FAILURE)
        case EventKind.SIGNAL:
            worker = next((each.actor for each in events if each.kind is EventKind.PIPELINE), "")
            before = _last(events, last, EventKind.INVOKE, worker, but=actor)
            again = any(
                each.kind is EventKind.SIGNAL and (each.subject, each.run) == (subject, last.run)
                for each in events[: last.number]
            )
            text = "told a subscriber twice" if again else "told subscribers"
            return Deed(text, before, after=_STATEMENT)
        case _:
            text = (
                f"answered {subject}" if last.kind is EventKind.REPLY else f"{last.kind} {subject}"
            )
            before = _last(events, last, EventKind.INVOKE, actor)
            if before is None:  # it asked no database, so the place is that of what answered
                return Deed(text, last.number)
            return Deed(text, before, after=_STATEMENT)


def statement_of(history: History, status: Event) -> int | None:
    """The number of the event by which a statement wrote a status; else that of its commit."""
    before = [each for each in history.events[: status.number] if each.kind not in _OF_DATABASE]
    if not before:
        return None
    actor, commit = before[-1].actor, None
    for event in reversed(before):
        if event.actor != actor or event.kind is not EventKind.INVOKE:
            continue
        point = FaultPoint.parse(event.subject)
        if point.operation is Operation.EXECUTE and point.subject.startswith(_WRITES):
            return event.number
        if commit is not None and point.operation in _BOUNDARIES:
            return commit
        if commit is None:
            commit = event.number
    return commit


_OF_DATABASE = frozenset({EventKind.STATUS, EventKind.VOLATILE})
_BOUNDARIES = frozenset({Operation.COMMIT, Operation.ROLLBACK, Operation.CONNECT})


def _left(history: History, end: Event) -> Deed:
    """What was left undone at the end, and the last failure before it."""
    last = {each.run: each for each in history.events if each.kind is EventKind.STATUS}
    active = [each for each in last.values() if each.value in history.vocabulary.active]
    left = f"left {active[-1].value}" if active else "ended"
    text = f"{end.subject}, {left}" if end.kind is EventKind.STUCK else left
    at = _last(history.events, end, EventKind.ERROR)
    sort = f"{end.subject} {LEFT}".strip()
    if at is None:
        return Deed(text, _last_record(history, end), after=_RECORD, sort=sort)
    own = " by a lock of its own" if _waited_in_vain(history.events, at) else ""
    return Deed(text, at, after=_FAILURE, sort=sort + own)


def _waited_in_vain(events: tuple[Event, ...], failure: int) -> bool:
    """Whether an operation failed after a wait, and no fault struck it."""
    actor, waited = events[failure].actor, False
    for event in reversed(events[:failure]):
        if event.actor == actor:
            if event.kind in {EventKind.STRIKE, EventKind.INVOKE}:
                return waited and event.kind is EventKind.INVOKE
            waited |= event.kind is EventKind.WAIT
    return False


def _left_behind(found: Event) -> str:
    if found.kind is EventKind.ROWS:
        return "left rows that a query finds"
    if found.subject == "database":
        return "left the database unsound"
    return f"left behind a {found.subject}"


def _last_record(history: History, before: Event) -> int | None:
    for event in reversed(history.events[: before.number]):
        if event.kind is EventKind.STATUS:
            return statement_of(history, event)
    return None


def _last(
    events: tuple[Event, ...], before: Event, kind: EventKind, of: str = "", *, but: str = ""
) -> int | None:
    """The last event of a kind before another one: of one actor, or of any but one."""
    for event in reversed(events[: before.number]):
        if event.kind is kind and event.actor != but and of in {"", event.actor}:
            return event.number
    return None
