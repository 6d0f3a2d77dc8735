"""An orphan's outcome is unknown, so it is not recorded as failed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from runfaults.model import Event, History
from runfaults.oracle.facts import Facts
from runfaults.oracle.finding import Finding, broken
from runfaults.oracle.request import process_of
from runfaults.oracle.rule import rule
from runfaults.oracle.run_facts import RunFacts


@rule(
    exercised=lambda history, facts: any(
        any(_orphaned(run, history, facts)) for run in facts.runs.values()
    )
)
def orphan_is_interrupted_not_failed(history: History, facts: Facts) -> Iterator[Finding]:
    """A run that was active when its process died ends as interrupted, and only such a run does.

    Its process is the one whose start answered with its id, or ran its pipeline; while another
    owner lives, it is no orphan. Not failed, because its outcome is unknown; not left active,
    because no process works on it. Cancelled is right too if a cancel was requested, and completed
    if the pipeline had returned. A run whose pipeline does something after the death was no orphan,
    or was taken up again.

    Exercised: a process died and left an active run behind.

    Symptom: after a crash, a run shows an outcome that cannot be known, or stays active.

    Contract: the next manager, once it is certain that the owner is dead, records the run
    `interrupted`: never `failed`.
    """
    for run in facts.runs.values():
        recorded = run.first(history.vocabulary.interrupted)
        deaths = facts.deaths_of(run)
        if recorded and not any(death.number < recorded.number for death in deaths):
            owners = " or ".join(sorted(filter(None, run.owners)))
            yield broken(
                f"run {run.id}: the database showed {recorded.value} (event {recorded.number}), "
                f"yet {f'process {owners} had not' if owners else 'no process had'} died",
                recorded,
            )
        for death in _orphaned(run, history, facts):
            yield from _end_of_orphan(run, death, history, facts)


def _orphaned(run: RunFacts, history: History, facts: Facts) -> Iterator[Event]:
    """The deaths that left the run active, with no process at work on it."""
    for death in _leaving_no_owner(facts.deaths_of(run), run):
        left = run.shown(death.number)
        lives_on = any(event.number > death.number for event in run.pipeline)
        if left and left.value in history.vocabulary.active and not lives_on:
            yield death


def _leaving_no_owner(deaths: Sequence[Event], run: RunFacts) -> Iterator[Event]:
    """The deaths after which no process that owned the run is alive."""
    alive = set(run.owners)
    for death in deaths:
        process = process_of(death.actor)
        alive = alive - {process} if process else set[str]()
        if not alive:
            yield death


def _end_of_orphan(
    run: RunFacts, death: Event, history: History, facts: Facts
) -> Iterator[Finding]:
    words = history.vocabulary
    ends = (e for e in run.transitions if e.number > death.number and e.value not in words.active)
    end = next(ends, None)
    if end is None:
        if facts.settled:
            yield broken(
                f"run {run.id}: its process died (event {death.number}), and it stays {run.status}",
                death,
                facts.settled,
            )
        return
    allowed = words.interrupted
    if run.ended("returned"):
        allowed |= words.completed
    if facts.may_be_cancelled(run, before=end.number):
        allowed |= words.cancelled
    if end.value not in allowed:
        yield broken(
            f"run {run.id}: its process died (event {death.number}), yet the database then showed "
            f"{end.value or 'no row at all'} (event {end.number})",
            death,
            end,
        )
