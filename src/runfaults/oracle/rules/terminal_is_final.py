"""What is over stays over."""

from __future__ import annotations

from collections.abc import Iterator

from runfaults.model import Event, History
from runfaults.oracle.facts import Facts
from runfaults.oracle.finding import Finding, broken
from runfaults.oracle.rule import rule


@rule
def terminal_is_final(history: History, facts: Facts) -> Iterator[Finding]:
    """A terminal status never changes, and its row is never deleted.

    Writing the same status again is harmless: recording is idempotent.

    Symptom: a run that was over changes: its user sees one outcome, and another one later.

    Contract: `pending -> running -> completed | cancelled | failed | interrupted`; terminal is
    final.
    """
    del history
    for run in facts.runs.values():
        before: Event | None = None
        for event in run.transitions:
            old = event.subject or (before.value if before else "")
            if old in facts.terminal and event.value != old:
                yield broken(
                    f"run {run.id}: {old} was final, yet the database then showed "
                    f"{event.value or 'no row at all'} (event {event.number})",
                    before or event,
                    event,
                )
            before = event
