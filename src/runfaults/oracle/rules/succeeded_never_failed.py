"""Work that succeeded is never called a failure."""

from __future__ import annotations

from collections.abc import Iterator

from runfaults.model import History
from runfaults.oracle.facts import Facts
from runfaults.oracle.finding import Finding, broken
from runfaults.oracle.rule import rule


def _recorded_after_success(_: History, facts: Facts) -> bool:
    return any(
        returned and run.transitions and run.transitions[-1].number > returned.number
        for run in facts.runs.values()
        for returned in [run.ended("returned")]
    )


@rule(exercised=_recorded_after_success, safety=True)
def succeeded_never_failed(history: History, facts: Facts) -> Iterator[Finding]:
    """A run whose pipeline returned is never recorded failed, not even for a moment.

    A lock or disk error while the outcome is being recorded says nothing about the work.

    Exercised: a pipeline returned, and a status was recorded after that.

    Symptom: the work succeeded, yet the run shows as failed.

    Contract: the outcome is decided once; no later database error can change it.
    """
    for run in facts.runs.values():
        returned = run.ended("returned")
        failed = run.first(history.vocabulary.failed)
        if returned and failed:
            yield broken(
                f"run {run.id}: the pipeline returned (event {returned.number}), "
                f"yet the database showed {failed.value} (event {failed.number})",
                returned,
                failed,
            )
