"""A crash takes no record with it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator

from runfaults.model import Event, History
from runfaults.oracle.facts import Facts
from runfaults.oracle.finding import Finding, broken, unknown
from runfaults.oracle.rule import rule
from runfaults.oracle.run_facts import RunFacts


def _recorded_before(run: RunFacts, facts: Facts) -> Iterator[tuple[Event, Event]]:
    """The deaths after which a terminal status must still be there, each with its record."""
    if not run.first(facts.terminal):
        return
    for death in facts.deaths:
        record = run.shown(death.number)
        if record is not None and record.value in facts.terminal:
            yield death, record


@rule(
    exercised=lambda _, facts: any(any(_recorded_before(run, facts)) for run in facts.runs.values())
)
def crash_loses_no_recorded_outcome(_: History, facts: Facts) -> Iterator[Finding]:
    """A terminal status that was recorded before a process died is still there after it.

    In a history with a death (a THREAD event of actor `process` with subject `died`, after every
    STATUS event of what that process committed) the second life says what it finds: for each run
    a REPLY event with subject `read`, the run, and the recorded status as value (`None`: no row),
    asked after the death. Without it the rule is unknown.

    Exercised: a process died after a terminal status was recorded.

    Symptom: an outcome that was recorded is gone, or another one, after a crash.

    Contract: terminal is final.
    """
    for run in facts.runs.values():
        yield from _still_there(run, facts)


def _still_there(run: RunFacts, facts: Facts) -> Iterator[Finding]:
    """Compare what each death found recorded with the first answer after it."""
    reads = [
        (request.asked, request.reply)
        for request in run.requests
        if request.reply is not None and request.subject == "read" and not request.raised
    ]
    numbers = [asked.number for asked, _ in reads]
    answered = -1
    for death, record in _recorded_before(run, facts):
        seen = (
            f"run {run.id}: {record.value} (event {record.number}) was recorded before "
            "the process died"
        )
        place = bisect_right(numbers, death.number)
        if place == len(reads):
            yield unknown(f"{seen}, and the next life does not say what it found", record, death)
            return
        if place == answered:
            continue
        answered = place
        reply = reads[place][1]
        if reply.value != record.value:
            found = "no row at all" if reply.value == "None" else reply.value
            yield broken(
                f"{seen}, yet the next life found {found} (event {reply.number})",
                record,
                death,
                reply,
            )
