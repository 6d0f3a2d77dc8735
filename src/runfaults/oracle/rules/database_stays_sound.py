"""The file itself stays in order."""

from __future__ import annotations

from collections.abc import Iterator

from runfaults.model import History
from runfaults.oracle.facts import Facts
from runfaults.oracle.finding import Finding, broken
from runfaults.oracle.rule import rule


@rule(exercised=lambda _, facts: bool(facts.transitions))
def database_stays_sound(_: History, facts: Facts) -> Iterator[Finding]:
    """The database passes its integrity and foreign key checks, and holds what its rows claim.

    The history tells of trouble by a LEAK event with subject `database` and as value what
    `PRAGMA integrity_check` or `PRAGMA foreign_key_check` said, or which work is there that should
    have been rolled back, or is missing though its run is recorded completed.

    Exercised: a run was written to the database.

    Symptom: the database is damaged, or does not hold what the status of the run claims.

    Contract: uncommitted work of a pipeline that raised or was cancelled is rolled back: the
    status write never commits it by accident.
    """
    for event in facts.leaks:
        if event.subject == "database":
            yield broken(f"the database is not sound: {event.value} (event {event.number})", event)
