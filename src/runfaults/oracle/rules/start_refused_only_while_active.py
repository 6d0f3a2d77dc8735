"""A start is accepted when nothing is in its way."""

from __future__ import annotations

from collections.abc import Iterator

from runfaults.model import EventKind, History
from runfaults.oracle.facts import Facts
from runfaults.oracle.finding import Finding, broken
from runfaults.oracle.request import Request
from runfaults.oracle.rule import rule

_DATABASE_ERRORS = frozenset(
    {
        "DatabaseError",
        "DataError",
        "IntegrityError",
        "InterfaceError",
        "InternalError",
        "NotSupportedError",
        "OperationalError",
        "ProgrammingError",
    }
)
"""What a connection that a fault has spoilt may keep raising, by the names of PEP 249."""


@rule(
    exercised=lambda history, facts: any(
        _must_accept(request, history, facts) for request in facts.requests
    )
)
def start_refused_only_while_active(history: History, facts: Facts) -> Iterator[Finding]:
    """A start does not raise when every earlier start has raised, or made a run that has ended.

    A run has ended when its status is terminal and every thread that the target has started so far
    has ended. It counts if no process has died, no other start is under way, no close
    was asked, and no fault struck and no operation failed meanwhile. If one did before, an error
    of the database is no refusal.

    Exercised: a start was answered after an earlier one, when nothing was active.

    Symptom: no run can be started any more, though none is active.

    Contract: a second `start_run` raises while a run is active, and only then.
    """
    for request in facts.requests:
        if request.reply and request.raised and _must_accept(request, history, facts):
            error = request.reply.value.removeprefix("raised ").partition(":")[0]
            if facts.troubled(-1, request.asked.number) and error in _DATABASE_ERRORS:
                continue
            yield broken(
                f"a start {request.reply.value} (event {request.reply.number}), though nothing "
                "was active and no fault struck it",
                *(event for run in facts.runs.values() for event in run.transitions[-1:]),
                request.reply,
            )


def _must_accept(request: Request, history: History, facts: Facts) -> bool:
    asked, reply = request.asked.number, request.reply
    earlier = [each for each in facts.requests if each.starts and each.asked.number < asked]
    if request.subject != "start" or reply is None or facts.deaths or not earlier:
        return False
    rivals = [
        each
        for each in facts.requests
        if each is not request and each.starts and each.asked.number < reply.number
    ]
    return (
        not request.in_real_time
        and all(each.reply and each.reply.number < asked for each in rivals)
        and _all_over(rivals, asked, reply.number, history, facts)
        and not facts.closing(request.process, reply.number)
        and not facts.troubled(asked, reply.number)
    )


def _all_over(
    starts: list[Request], asked: int, replied: int, history: History, facts: Facts
) -> bool:
    """Whether each earlier start raised or made a run that has ended, and no thread is at work."""
    last: dict[int | None, str] = {}
    for event in facts.transitions:
        if event.number < asked:
            last[event.run] = event.value
        elif event.number < replied and event.run in last:
            return False
    promised = {start.run for start in starts if not start.raised}
    return (
        promised <= last.keys()
        and set(last.values()) <= facts.terminal
        and not _at_work(history, asked)
    )


def _at_work(history: History, number: int) -> set[str]:
    """The threads of the target that had not ended at the event of that number."""
    threads = [event for event in history.events[:number] if event.kind is EventKind.THREAD]
    ended = {event.actor for event in threads if event.subject != "started"}
    return {event.actor for event in threads if event.subject == "started"} - ended
