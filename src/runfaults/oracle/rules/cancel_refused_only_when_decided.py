"""A cancel that comes in time is accepted."""

from __future__ import annotations

from collections.abc import Iterator

from runfaults.model import History
from runfaults.oracle.facts import Facts
from runfaults.oracle.finding import Finding, broken
from runfaults.oracle.request import Request
from runfaults.oracle.rule import rule
from runfaults.oracle.run_facts import RunFacts


def _cancelled_in_time(_: History, facts: Facts) -> bool:
    return any(
        _must_accept(run, request, facts)
        for run in facts.runs.values()
        for request in run.requests
        if request.subject == "cancel" and request.reply is not None and not request.raised
    )


@rule(exercised=_cancelled_in_time)
def cancel_refused_only_when_decided(_: History, facts: Facts) -> Iterator[Finding]:
    """A cancel is not answered `False` while the work of the run is at hand or under way.

    It counts if the manager that was asked had answered the start of the run, or does its work; if
    no other cancel and no close was asked before the answer, and if no fault struck and no
    operation failed meanwhile.

    Exercised: a cancel was answered while nothing was decided.

    Symptom: the user's cancel is refused though the run has not ended.

    Contract: `cancel_run` returns True if it came before the pipeline returned.
    """
    for run in facts.runs.values():
        for request in run.requests:
            if request.refused and request.reply and _must_accept(run, request, facts):
                began = next(event for event in run.pipeline if event.subject == "started")
                yield broken(
                    f"run {run.id}: a cancel was refused (event {request.reply.number}), though "
                    f"its work (event {began.number}) had not ended",
                    request.asked,
                    request.reply,
                    began,
                )


def _must_accept(run: RunFacts, request: Request, facts: Facts) -> bool:
    asked, reply = request.asked.number, request.reply
    if reply is None or request.process not in run.owners or request.in_real_time:
        return False
    rivals = any(
        other is not request
        and other.subject.startswith("cancel")
        and other.asked.number < reply.number
        for other in run.requests
    )
    return (
        run.is_known(asked)
        and run.is_undecided(reply.number, facts.terminal)
        and not rivals
        and not facts.closing(request.process, reply.number)
        and not facts.troubled(asked, reply.number)
    )
