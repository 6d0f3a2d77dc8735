"""A promise to cancel is kept."""

from __future__ import annotations

from collections.abc import Iterator

from runfaults.model import History
from runfaults.oracle.facts import Facts
from runfaults.oracle.finding import Finding, broken
from runfaults.oracle.rule import rule


@rule(exercised=lambda _, facts: any(run.accepted for run in facts.runs.values()))
def accepted_cancel_is_cancelled(history: History, facts: Facts) -> Iterator[Finding]:
    """A run whose cancel was answered `True` ends as cancelled.

    This goes for both styles of cancel. If a process that owned the run died after it had
    accepted, interrupted is right too.

    Exercised: a cancel was answered `True`.

    Symptom: the user's cancel was accepted, yet the run does not end as cancelled.

    Contract: accepted means the run is recorded `cancelled`, always.
    """
    for run in facts.runs.values():
        if not run.accepted or run.status in history.vocabulary.cancelled:
            continue
        accepted = run.accepted[0]
        died = any(death.number > accepted.number for death in facts.deaths_of(run))
        if died and run.status in history.vocabulary.interrupted:
            continue
        # A terminal status is final: this one proves the promise broken before all has settled.
        if run.status in facts.terminal or facts.settled:
            yield broken(
                f"run {run.id}: a cancel was accepted (event {accepted.number}), "
                f"yet the run ended as {run.status or 'no row at all'}",
                accepted,
                *run.transitions[-1:],
            )
