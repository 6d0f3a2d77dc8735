"""Values of the user's data are in no report that was asked to leave them out."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sample_histories import mission_bug

from runfaults.model import Event, EventKind
from runfaults.report.redact import redacted
from runfaults.user_code import LEFT_OUT

SECRET = "Zoë Miller 4111"
SQL = f"UPDATE runs SET owner = '{SECRET}', card = 4111, blob = x'41' WHERE id = ? AND t2.a1 = :p1"
LOCKED = "OperationalError: database is locked [SQLITE_BUSY]"


def told(kind: EventKind, subject: str, value: str) -> str:
    """What is told of an event in a history that leaves out values."""
    known = mission_bug().history
    event = Event(len(known.events), 9.0, "run", kind, subject, value, 1)
    return redacted(replace(known, events=(*known.events, event))).events[-1].value


@pytest.mark.parametrize(
    ("kind", "subject", "value", "rest"),
    [
        (EventKind.ROWS, "SELECT 1", f"id = 1, owner = '{SECRET}'", LEFT_OUT),
        (EventKind.ROWS, "SELECT 1", f"raised OperationalError: {SECRET}", "OperationalError"),
        (EventKind.REPLY, "cancel", f"raised ValueError: no run of\n {SECRET}: no", "ValueError"),
        (EventKind.ERROR, "", f"app.errors.Refused: {SECRET}", "app.errors.Refused"),
        (EventKind.ERROR, "", f"OperationalError: near '{SECRET}' [SQLITE_ERROR]", "Operational"),
        (EventKind.ERROR, "", f"Refused: {SECRET} [SQLITE_BUSY]", "Refused"),
        (EventKind.THREAD, "escaped", f"KeyError: {SECRET}", "KeyError"),
    ],
)
def test_the_value_is_left_out_and_what_it_is_said_of_stays(
    kind: EventKind, subject: str, value: str, rest: str
) -> None:
    text = told(kind, subject, value)
    assert "Miller" not in text
    assert "4111" not in text
    assert LEFT_OUT in text
    assert rest in text


def test_literals_of_statements_are_left_out_and_nothing_else_is() -> None:
    assert told(EventKind.INVOKE, "run execute UPDATE runs", SQL) == (
        "UPDATE runs SET owner = ?, card = ?, blob = ? WHERE id = ? AND t2.a1 = :p1"
    )


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (EventKind.ERROR, LOCKED),
        (EventKind.REPLY, f"raised {LOCKED}"),
        (EventKind.REPLY, "True"),
        (EventKind.ROWS, ""),
        (EventKind.STATUS, "completed"),
    ],
)
def test_what_the_engine_says_answers_and_statuses_stay(kind: EventKind, value: str) -> None:
    assert told(kind, "cancel", value) == value
