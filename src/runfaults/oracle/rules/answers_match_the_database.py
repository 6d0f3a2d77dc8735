"""A status that is read is one that was there."""

from __future__ import annotations

from collections.abc import Iterator

from runfaults.model import Event, History
from runfaults.oracle.facts import Facts
from runfaults.oracle.finding import Finding, broken
from runfaults.oracle.request import Request
from runfaults.oracle.rule import rule

_NO_ROW = "None"


@rule(exercised=lambda _, facts: any(_reads(facts)))
def answers_match_the_database(_: History, facts: Facts) -> Iterator[Finding]:
    """A read answers a status that the database showed at a moment of the read.

    The next one that it showed afterwards counts too: a connection sees what it has not committed
    yet. `None` counts as well where a fault struck or an operation failed during the read.

    Exercised: a read was answered, in a process that was the only one.

    Symptom: the page shows a status that is not recorded.

    Contract: what is in the database counts.
    """
    for request, reply in _reads(facts):
        if reply.value == _NO_ROW and facts.troubled(request.asked.number, reply.number):
            continue
        run = facts.runs.get(request.run or 0)
        transitions = run.transitions if run else ()
        before = [event for event in transitions if event.number <= request.asked.number][-1:]
        during = [e for e in transitions if request.asked.number < e.number < reply.number]
        after = [event for event in transitions if event.number > reply.number][:1]
        seen = [event.value for event in (*before, *during, *after)]
        if not before:
            seen.append("")
        if ("" if reply.value == _NO_ROW else reply.value) not in seen:
            shown = before[0].value if before else ""
            found = "no row at all" if reply.value == _NO_ROW else reply.value
            yield broken(
                f"run {request.run}: a read answered {found} (event {reply.number}), while the "
                f"database showed {shown or 'no row at all'}",
                *before,
                request.asked,
                reply,
            )


def _reads(facts: Facts) -> Iterator[tuple[Request, Event]]:
    for request in facts.requests:
        if (
            request.subject == "read"
            and request.run is not None
            and request.reply is not None
            and not request.raised
            and not request.in_real_time
        ):
            yield request, request.reply
