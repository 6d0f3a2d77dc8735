"""Nobody knows how an orphan ended, so nobody says that it failed."""

from __future__ import annotations

from collections.abc import Iterator

from runfaults.model import Event, History
from runfaults.oracle.facts import Facts, RunFacts
from runfaults.oracle.finding import Finding, broken
from runfaults.oracle.rule import rule


@rule
def orphan_is_interrupted_not_failed(history: History, facts: Facts) -> Iterator[Finding]:
    """A run that was active when its process died ends as interrupted, and only such a run does.

    Not failed, because nobody knows; not active for ever, because nobody works on it. Cancelled is
    right too if somebody had asked for it, and completed if the pipeline had returned. A run whose
    pipeline is heard of after the death was no orphan, or was taken up again.

    Symptom: after a crash, a run shows an end that nobody can know, or shows as active for ever.

    Contract: the next manager, once it is certain that the owner is dead, records the run
    `interrupted`: never `failed`.
    """
    for run in facts.runs.values():
        recorded = run.first(history.vocabulary.interrupted)
        if recorded and not any(death.number < recorded.number for death in facts.deaths):
            yield broken(
                f"run {run.id}: the database showed {recorded.value} (event {recorded.number}), "
                "yet no process had died",
                recorded,
            )
        for death in facts.deaths:
            orphan = run.shown(death.number)
            lives_on = any(event.number > death.number for event in run.pipeline)
            if orphan and orphan.value in history.vocabulary.active and not lives_on:
                yield from _end_of_orphan(run, death, history, facts)


def _end_of_orphan(
    run: RunFacts, death: Event, history: History, facts: Facts
) -> Iterator[Finding]:
    words = history.vocabulary
    ends = (e for e in run.transitions if e.number > death.number and e.value not in words.active)
    end = next(ends, None)
    if end is None:
        if facts.settled:
            yield broken(
                f"run {run.id}: its process died (event {death.number}), and it is "
                f"{run.status} for ever",
                death,
                facts.settled,
            )
        return
    allowed = words.interrupted
    if run.ended("returned"):
        allowed |= words.completed
    if facts.may_be_cancelled(run.id, before=end.number):
        allowed |= words.cancelled
    if end.value not in allowed:
        yield broken(
            f"run {run.id}: its process died (event {death.number}), yet the database then showed "
            f"{end.value or 'no row at all'} (event {end.number})",
            death,
            end,
        )
