"""No failure without a cause, no completion without success."""

from __future__ import annotations

from collections.abc import Iterator

from runfaults.model import History
from runfaults.oracle.facts import Facts
from runfaults.oracle.finding import Finding, broken
from runfaults.oracle.rule import rule
from runfaults.oracle.run_facts import RunFacts


@rule(
    exercised=lambda history, facts: any(
        run.first(history.vocabulary.failed | history.vocabulary.completed)
        for run in facts.runs.values()
    )
)
def failed_has_a_cause(history: History, facts: Facts) -> Iterator[Finding]:
    """A run is recorded failed only if its pipeline raised before, or never started at all.

    And it is recorded completed only if its pipeline returned before, with all of its work. Work
    that was returned in an open transaction and is not in the database was lost: that is a cause,
    and no completion. So is work that stopped halfway, because it noticed a cancel, or because its
    client was closed under it.

    Exercised: a run was recorded failed or completed.

    Symptom: the run shows an outcome that its work did not have: failed without an error, or
    completed without success.

    Contract: pipeline raised -> failed; a run that never could start is failed with the cause;
    else completed.
    """
    for run in facts.runs.values():
        failed = run.first(history.vocabulary.failed)
        completed = run.first(history.vocabulary.completed)
        for record, causes in ((failed, ("raised", "stopped")), (completed, ("returned",))):
            no_work = record is failed or facts.unattributed
            if record is None or (no_work and not run.pipeline):
                continue
            lost = run.ended("lost")
            if lost and record is completed:
                yield broken(
                    f"run {run.id}: the database showed {record.value} (event {record.number}), "
                    f"yet the work that the pipeline had left open is lost (event {lost.number})",
                    record,
                    lost,
                )
            if lost or any(e.subject in causes and e.number < record.number for e in run.pipeline):
                continue
            yield broken(
                f"run {run.id}: the database showed {record.value} (event {record.number}), "
                f"yet the pipeline had not {causes[0]} before: {_last_word(run, record.number)}",
                *run.pipeline[-1:],
                record,
            )


def _last_word(run: RunFacts, number: int) -> str:
    before = [event for event in run.pipeline if event.number < number]
    if not before:
        return "it had not started"
    last = before[-1]
    how = _HOW.get(last.subject, last.subject)
    return f"it {how} (event {last.number})"


_HOW = {"cancelled": "was cancelled", "stopped": "stopped halfway"}
