"""One at a time."""

from __future__ import annotations

from collections.abc import Iterator

from runfaults.model import Event, History
from runfaults.oracle.facts import Facts
from runfaults.oracle.finding import Finding, broken
from runfaults.oracle.rule import rule


def _start_contended(history: History, facts: Facts) -> bool:
    asked = {request.asked.number for request in facts.requests if request.starts}
    answered = {
        request.reply.number for request in facts.requests if request.starts and request.reply
    }
    moments: dict[int, Event | None] = dict.fromkeys(asked | answered)
    moments |= {event.number: event for event in facts.transitions}
    active: set[int | None] = set()
    under_way = 0
    for number, shown in sorted(moments.items()):
        if shown is not None:
            change = active.add if shown.value in history.vocabulary.active else active.discard
            change(shown.run)
        elif number in asked:
            if active or under_way:
                return True
            under_way += number not in answered
        else:
            under_way -= 1
    return False


@rule(exercised=_start_contended, safety=True)
def one_active_run(history: History, facts: Facts) -> Iterator[Finding]:
    """The database never shows two active runs at once.

    Exercised: a start was asked for while another run was active or being started.

    Symptom: two runs are active at the same time.

    Contract: one active run per database, across threads and processes.
    """
    active: dict[int, Event] = {}
    words = history.vocabulary.active
    for event in facts.transitions:
        if event.run is None:
            continue
        if event.value not in words:
            active.pop(event.run, None)
            continue
        active[event.run] = event
        if len(active) > 1:
            other = next(run for run in active if run != event.run)
            yield broken(
                f"runs {other} and {event.run} are both active: {active[other].value} "
                f"(event {active[other].number}) and {event.value} (event {event.number})",
                active[other],
                event,
            )
