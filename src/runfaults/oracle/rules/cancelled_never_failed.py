"""Work that the user cancelled is never called a failure."""

from __future__ import annotations

from collections.abc import Iterator

from runfaults.model import History
from runfaults.oracle.facts import Facts
from runfaults.oracle.finding import Finding, broken
from runfaults.oracle.rule import rule


def _cancelled_run_recorded(_: History, facts: Facts) -> bool:
    return any(
        (run.accepted or run.cut_short) and run.first(facts.terminal) for run in facts.runs.values()
    )


@rule(exercised=_cancelled_run_recorded, safety=True)
def cancelled_never_failed(history: History, facts: Facts) -> Iterator[Finding]:
    """A run that was cancelled is never recorded failed, not even for a moment.

    It was cancelled if a cancel of it was answered `True`, if its pipeline raised the target's
    cancel exception, or if, after a cancel had been asked for, its pipeline noticed that or its
    client was closed under it.

    Exercised: a run was cancelled, and a terminal status was recorded for it.

    Symptom: the user cancelled the work, yet the run shows as failed.

    Contract: cancel accepted, or the pipeline ended because of a cancel -> cancelled.
    """
    for run in facts.runs.values():
        failed = run.first(history.vocabulary.failed)
        if failed is None:
            continue
        seen = f"yet the database showed {failed.value} (event {failed.number})"
        stopped = run.cut_short
        if run.accepted:
            accepted = run.accepted[0]
            yield broken(
                f"run {run.id}: a cancel was accepted (event {accepted.number}), {seen}",
                accepted,
                failed,
            )
        elif stopped:
            yield broken(
                f"run {run.id}: the pipeline stopped because of a cancel "
                f"(event {stopped.number}), {seen}",
                stopped,
                failed,
            )
