"""Leaves values of the user's data out of a history, for reports that others can read.

Values of parameters are in no history. Those of rows stand in what a rule's query found, in
literals of statements, and in messages of exceptions.
"""

from __future__ import annotations

import re
from dataclasses import replace

from runfaults.model import Event, EventKind, History
from runfaults.user_code import LEFT_OUT

_LITERAL = re.compile(r"[xX]?'(?:[^']|'')*'|(?<![\w.?:@$])\d+(?:\.\d+)?(?:[eE][+-]?\d+)?\b")
_RAISED = re.compile(r"((?:raised )?[\w.]+: ).+", re.DOTALL)
_OF_THE_ENGINE = re.compile(
    r"(?:raised )?\w*(?:Error|Warning): .+ \[SQLITE_(?!ERROR\b|CONSTRAINT_TRIGGER\b)\w+\]"
)
"""A message that names tables and columns at most: those of SQLITE_ERROR quote the statement, and
a trigger's is the user's own."""
_FAILURES = frozenset({EventKind.ERROR, EventKind.REPLY, EventKind.THREAD, EventKind.PIPELINE})


def redacted(history: History) -> History:
    """The history without values: whatever is told of it, judgements too, has none."""
    return replace(
        history,
        events=tuple(event._replace(value=_redacted(event)) for event in history.events),
        printed=LEFT_OUT if history.printed else "",
    )


def _redacted(event: Event) -> str:
    value = event.value
    if event.kind is EventKind.INVOKE:
        return _LITERAL.sub("?", value)
    if event.kind is EventKind.ROWS and not value.startswith("raised "):
        return value and LEFT_OUT
    if event.kind in _FAILURES | {EventKind.ROWS} and not _OF_THE_ENGINE.fullmatch(value):
        return _RAISED.sub(rf"\1{LEFT_OUT}", value)
    return value
