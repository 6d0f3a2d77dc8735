"""An orphan is found once."""

from __future__ import annotations

from collections.abc import Iterator

from runfaults.model import History
from runfaults.oracle.facts import Facts
from runfaults.oracle.finding import Finding, broken
from runfaults.oracle.rule import rule


@rule(
    exercised=lambda history, facts: any(
        run.first(history.vocabulary.interrupted) for run in facts.runs.values()
    )
)
def recovery_is_idempotent(history: History, facts: Facts) -> Iterator[Finding]:
    """A run is recorded interrupted at most once, however many processes recover it.

    A second write of the same status counts: it would have told its subscribers again.

    Exercised: a run was recorded interrupted.

    Symptom: after a crash, the same run is recorded as interrupted more than once.

    Contract: an orphan is recorded `interrupted` exactly once, even when several processes start
    together.
    """
    words = history.vocabulary.interrupted
    for run in facts.runs.values():
        records = [event for event in run.transitions if event.value in words]
        if len(records) > 1:
            numbers = " and ".join(str(event.number) for event in records)
            yield broken(
                f"run {run.id}: it was recorded {records[0].value} {len(records)} times "
                f"(events {numbers})",
                *records,
            )
