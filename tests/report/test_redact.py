"""Values of the user's data are in no report that was asked to leave them out."""

from __future__ import annotations

from dataclasses import replace
from io import StringIO

import pytest
from sample_histories import broken_result, mission_bug

from runfaults.model import CheckResult, Event, EventKind, Judgement, Verdict, Violation
from runfaults.report.github import step_summary, workflow_commands
from runfaults.report.html import to_html
from runfaults.report.json_report import to_json
from runfaults.report.junit import to_junit
from runfaults.report.progress import PipeProgress
from runfaults.report.redact import LEFT_OUT, RedactedProgress, redacted, redacted_violation
from runfaults.report.terminal import print_result

SECRET = "Zoë Miller 4111"
SQL = f"UPDATE runs SET owner = '{SECRET}', card = 4111, blob = x'41' WHERE id = ? AND t2.a1 = :p1"


def told(kind: EventKind, subject: str, value: str) -> Violation:
    """A violation whose last event says the secret, and whose reason repeats it."""
    known = mission_bug()
    event = Event(len(known.history.events), 9.0, "run", kind, subject, value, 1)
    history = replace(known.history, events=(*known.history.events, event))
    reason = f"it was {value} (event {event.number})"
    judged = Judgement("succeeded-never-failed", Verdict.BROKEN, reason, (event.number,))
    return replace(
        known,
        history=history,
        judgements=(judged,),
        scenario=replace(known.scenario, symptom=reason),
    )


def everything(result: CheckResult) -> str:
    out = StringIO()
    print_result(result, file=out, width=200)
    texts = (to_html(result), to_json(result), to_junit(result), workflow_commands(result))
    return "\n".join((out.getvalue(), *texts, step_summary(result)))


SAYING = [
    (EventKind.ROWS, "SELECT 1", f"id = 1, owner = '{SECRET}'"),
    (EventKind.ROWS, "SELECT 1", f"raised OperationalError: no such column: {SECRET}"),
    (EventKind.REPLY, "cancel", f"raised ValueError: no run of {SECRET}"),
    (EventKind.ERROR, "", f"app.errors.Refused: {SECRET}"),
    (EventKind.THREAD, "escaped", f"KeyError: {SECRET}"),
]


@pytest.mark.parametrize(("kind", "subject", "value"), SAYING)
def test_no_report_has_the_value(kind: EventKind, subject: str, value: str) -> None:
    result = replace(broken_result(), violations=(told(kind, subject, value),))
    assert "Miller" in everything(result)
    text = everything(redacted(result))
    assert "Miller" not in text
    assert "4111" not in text
    assert LEFT_OUT in text


def test_literals_of_statements_are_left_out_and_nothing_else_is() -> None:
    violation = told(EventKind.INVOKE, "run execute UPDATE runs", SQL)
    (*_, event) = redacted_violation(violation).history.events
    assert event.value == (
        "UPDATE runs SET owner = ?, card = ?, blob = ? WHERE id = ? AND t2.a1 = :p1"
    )


def test_what_the_engine_says_and_what_the_pipeline_did_stay() -> None:
    known = mission_bug()
    assert redacted_violation(known).history.events[-1] == known.history.events[-1]
    busy = told(EventKind.ERROR, "", "OperationalError: database is locked [SQLITE_BUSY]")
    assert redacted_violation(busy).history.events[-1] == busy.history.events[-1]
    assert redacted_violation(busy).judgements == busy.judgements


def test_what_is_told_at_once_is_redacted_too() -> None:
    file = StringIO()
    now = iter(range(0, 1000, 11))
    progress = RedactedProgress(PipeProgress(file, lambda: float(next(now))))
    progress.start(10)
    progress.advance(1)
    progress.found(told(*SAYING[0]))
    progress.note("here")
    assert "succeeded-never-failed" in file.getvalue()
    assert "Miller" not in file.getvalue()
