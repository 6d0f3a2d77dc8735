"""The work of a run is done once."""

from __future__ import annotations

from collections.abc import Iterator

from runfaults.model import Event, History
from runfaults.oracle.facts import Facts
from runfaults.oracle.finding import Finding, broken
from runfaults.oracle.request import process_of
from runfaults.oracle.rule import rule


@rule(exercised=lambda _, facts: any(event.run is not None for event in facts.work))
def work_done_once(_: History, facts: Facts) -> Iterator[Finding]:
    """The work of a run is not begun again in one process, unless it raised or was cancelled.

    What another process does again after the death of the first is no violation, nor is a retry of
    work that failed. A target that promises to do work at least once says so: it is exempt.

    Exercised: work began that was told the id of its run.

    Symptom: the work of one run is done twice.

    Contract: one pipeline at work; a run has one outcome.
    """
    before: dict[tuple[int, str], Event] = {}
    for event in facts.work:
        if event.run is None:  # it did not tell whose it is
            continue
        key = event.run, process_of(event.actor)
        earlier = before.get(key)
        if event.subject == "lost":
            continue
        if event.subject != "started":
            before[key] = event
            continue
        if earlier is not None and earlier.subject in {"started", "returned"}:
            how = "had not ended" if earlier.subject == "started" else "had returned"
            yield broken(
                f"run {event.run}: its work began (event {event.number}), though an earlier one "
                f"{how} (event {earlier.number})",
                earlier,
                event,
            )
        before[key] = event
