"""No call raises where nothing went wrong."""

from __future__ import annotations

from collections.abc import Iterator

from runfaults.model import Ending, Event, History
from runfaults.oracle.facts import Facts
from runfaults.oracle.finding import Finding, broken
from runfaults.oracle.request import Request
from runfaults.oracle.rule import rule

_ENDS_THE_PROCESS = ("raised SystemExit", "raised KeyboardInterrupt", "raised GeneratorExit")

_WHILE_UNDECIDED = ("cancel", "subscribe")
"""Not `cancel-api`: a route refuses by what it raises."""


@rule(exercised=lambda _, facts: any(_must_answer(request, facts) for request in facts.requests))
def calls_raise_only_for_cause(history: History, facts: Facts) -> Iterator[Finding]:
    """No cancel, subscription, read or close raises where no fault and no error came before.

    A cancel and a subscription count if the run is one of the process that was asked and nothing
    was decided, a read if the run is, a close if no other one came before its answer. None of the
    others counts once a close was asked. Starts have a rule of their own. What ends a process, as
    `SystemExit` does, has no cause at all, unless the work itself raised it.

    Exercised: such a call was answered.

    Symptom: the user gets an error out of a call though nothing went wrong.

    Contract: `cancel_run` and a registration answer; `close()` waits.
    """
    for request in facts.requests:
        if request.reply and _ends_the_process(request.reply, history):
            yield broken(
                f"{request.subject} {request.reply.value} (event {request.reply.number}), which "
                "ends the caller's process",
                request.asked,
                request.reply,
            )
        if request.reply and request.raised and _must_answer(request, facts):
            yield broken(
                f"{request.subject} {request.reply.value} (event {request.reply.number}), though "
                "no fault struck and no operation failed before",
                request.asked,
                request.reply,
            )


def _ends_the_process(reply: Event, history: History) -> bool:
    by_work = history.schedule.pipeline is Ending.EXITS
    return reply.value.startswith(_ENDS_THE_PROCESS) and not by_work


def _must_answer(request: Request, facts: Facts) -> bool:
    reply = request.reply
    if reply is None or request.in_real_time or facts.deaths:
        return False
    end = reply.number
    if facts.troubled(-1, end):
        return False
    if request.subject == "close":
        return not any(
            other is not request and other.subject == "close" and other.asked.number < end
            for other in facts.requests
        )
    run = facts.runs.get(request.run or 0)
    if run is None or not run.is_known(request.asked.number) or request.process not in run.owners:
        return False
    if facts.closing(request.process, end):
        return False
    undecided = run.is_undecided(end, facts.terminal)
    return request.subject == "read" or (request.subject in _WHILE_UNDECIDED and undecided)
