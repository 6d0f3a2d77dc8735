"""Leaves values of the user's data out of a result, for reports that others can read.

Values of parameters are in no history. Those of rows stand in what a rule's query found, in
literals of statements, and in messages of exceptions other than the engine's.
"""

from __future__ import annotations

import re
from dataclasses import replace

from runfaults.model import CheckResult, Event, EventKind, History, Judgement, Violation
from runfaults.report.progress import Progress

LEFT_OUT = "(redacted)"
"""What stands in the place of a value."""

_LITERAL = re.compile(r"[xX]?'(?:[^']|'')*'|(?<![\w.?:@$])\d+(?:\.\d+)?(?:[eE][+-]?\d+)?\b")
_RAISED = re.compile(
    r"(?P<error>(?:raised )?[\w.]+: )(?P<message>.+?)(?P<name> \[SQLITE_\w+\])?", re.DOTALL
)
_FAILURES = frozenset({EventKind.ERROR, EventKind.REPLY, EventKind.THREAD, EventKind.PIPELINE})


def redacted(result: CheckResult) -> CheckResult:
    """The result without values."""
    return replace(result, violations=tuple(map(redacted_violation, result.violations)))


def redacted_violation(violation: Violation) -> Violation:
    """The violation without values: in its events, and where the rules' reasons repeat them."""
    hidden = _hidden(violation.history)
    neighbour = violation.neighbour
    symptom = _without(violation.scenario.symptom, hidden)
    return replace(
        violation,
        scenario=replace(violation.scenario, symptom=symptom),
        history=_redacted_history(violation.history),
        neighbour=None if neighbour is None else _redacted_history(neighbour),
        judgements=tuple(_redacted_judgement(each, hidden) for each in violation.judgements),
    )


class RedactedProgress:
    """Progress that tells of violations without values.

    Args:
        progress: What shows it.
    """

    def __init__(self, progress: Progress) -> None:
        self.start, self.advance = progress.start, progress.advance
        self.note, self.stop = progress.note, progress.stop
        self._found = progress.found

    def found(self, violation: Violation) -> None:
        """See `Listener`."""
        self._found(redacted_violation(violation))


def _redacted_history(history: History) -> History:
    return replace(
        history,
        events=tuple(map(_redacted_event, history.events)),
        printed=LEFT_OUT if history.printed else "",
    )


def _redacted_event(event: Event) -> Event:
    if event.kind is EventKind.INVOKE:
        return event._replace(value=_LITERAL.sub("?", event.value))
    shown = event.value
    for value in _values(event):
        shown = shown.replace(value, LEFT_OUT)
    return event._replace(value=shown)


def _values(event: Event) -> tuple[str, ...]:
    """The parts of an event's value that may be data of the user's."""
    raised = _RAISED.fullmatch(event.value)
    if event.kind in _FAILURES or (event.kind is EventKind.ROWS and raised):
        return (raised["message"],) if raised and not raised["name"] else ()
    return (event.value,) if event.kind is EventKind.ROWS and event.value else ()


def _hidden(history: History) -> tuple[str, ...]:
    """All of them, the longest first: one may be a part of another."""
    found = {value for event in history.events for value in _values(event)}
    return tuple(sorted(found, key=lambda each: (-len(each), each)))


def _redacted_judgement(judgement: Judgement, hidden: tuple[str, ...]) -> Judgement:
    return judgement._replace(reason=_without(judgement.reason, hidden))


def _without(text: str, hidden: tuple[str, ...]) -> str:
    for value in hidden:
        text = text.replace(value, LEFT_OUT)
    return text
