"""No run is cancelled without a cause."""

from __future__ import annotations

from collections.abc import Iterator

from runfaults.model import History
from runfaults.oracle.facts import Facts
from runfaults.oracle.finding import Finding, broken
from runfaults.oracle.rule import rule


def _cancelled_or_refused(history: History, facts: Facts) -> bool:
    recorded = any(run.first(history.vocabulary.cancelled) for run in facts.runs.values())
    return recorded or any(request.refused for request in facts.requests)


@rule(exercised=_cancelled_or_refused, safety=True)
def cancelled_has_a_cause(history: History, facts: Facts) -> Iterator[Finding]:
    """A run is recorded cancelled only because of a cancel that was not refused.

    A cancel answered `False` is refused and changes nothing. What may be the cause: a cancel that
    was accepted, raised or never answered; any API-style cancel, because it writes the status
    itself; a request such as closing the manager; or a pipeline that raised the target's cancel
    exception.

    Exercised: a run was recorded cancelled, or a cancel was refused.

    Symptom: the run shows as cancelled, although no user cancelled it.

    Contract: after the decision `cancel_run` returns False and changes nothing.
    """
    for run in facts.runs.values():
        record = run.first(history.vocabulary.cancelled)
        if record is None:
            continue
        stopped = run.ended("cancelled")
        if stopped and stopped.number < record.number:
            continue
        if facts.may_be_cancelled(run, before=record.number):
            continue
        refusals = [
            request.reply
            for request in run.requests
            if request.reply is not None
            and request.subject == "cancel"
            and request.asked.number < record.number
        ]
        numbers = ", ".join(str(reply.number) for reply in refusals)
        refused = f"every cancel of it was refused (event {numbers})"
        why = refused if refusals else "no cancel was requested"
        yield broken(
            f"run {run.id}: the database showed {record.value} (event {record.number}), yet {why}",
            *refusals,
            record,
        )
