"""A crash takes no record with it."""

from __future__ import annotations

from collections.abc import Iterator

from runfaults.model import Event, History
from runfaults.oracle.facts import Facts
from runfaults.oracle.finding import Finding, broken, unknown
from runfaults.oracle.rule import rule


@rule
def crash_loses_no_recorded_outcome(history: History, facts: Facts) -> Iterator[Finding]:
    """A terminal status that was recorded before a process died is still there after it.

    In a history with a death (a THREAD event of actor `process` with subject `died`, after every
    STATUS event of what that process committed) the second life says what it finds: for each run
    a REPLY event with subject `read`, the run, and the recorded status as value (`None`: no row).
    Without it nobody knows.

    Symptom: an outcome that was recorded is gone, or another one, after a crash.

    Contract: terminal is final.
    """
    del history
    for death in facts.deaths:
        for run in facts.runs.values():
            record = run.shown(death.number)
            if record is not None and record.value in facts.terminal:
                yield from _still_there(run.id, record, death, facts)


def _still_there(run: int, record: Event, death: Event, facts: Facts) -> Iterator[Finding]:
    seen = f"run {run}: {record.value} (event {record.number}) was recorded before the process died"
    for request in facts.requests:
        reply = request.reply
        if (
            reply is None
            or reply.number < death.number
            or request.subject != "read"
            or request.run != run
            or request.raised
        ):
            continue
        if reply.value != record.value:
            found = "no row at all" if reply.value == "None" else reply.value
            yield broken(
                f"{seen}, yet the next life found {found} (event {reply.number})",
                record,
                death,
                reply,
            )
        return
    yield unknown(f"{seen}, and the next life does not say what it found", record, death)
