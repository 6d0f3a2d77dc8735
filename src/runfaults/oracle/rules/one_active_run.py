"""One at a time."""

from __future__ import annotations

from collections.abc import Iterator

from runfaults.model import Event, History
from runfaults.oracle.facts import Facts
from runfaults.oracle.finding import Finding, broken
from runfaults.oracle.rule import rule


@rule
def one_active_run(history: History, facts: Facts) -> Iterator[Finding]:
    """The database never shows two active runs at once.

    Symptom: two runs are active at the same time.

    Contract: one active run per database, across threads and processes.
    """
    active: dict[int, Event] = {}
    words = history.vocabulary.active
    for event in facts.transitions:
        if event.run is None:
            continue
        if event.value not in words:
            active.pop(event.run, None)
            continue
        active[event.run] = event
        if len(active) > 1:
            other = next(run for run in active if run != event.run)
            yield broken(
                f"runs {other} and {event.run} are both active: {active[other].value} "
                f"(event {active[other].number}) and {event.value} (event {event.number})",
                active[other],
                event,
            )
