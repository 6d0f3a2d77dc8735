"""Nothing is left behind."""

from __future__ import annotations

from collections.abc import Iterator

from runfaults.model import History
from runfaults.oracle.facts import Facts
from runfaults.oracle.finding import Finding, broken
from runfaults.oracle.rule import rule


@rule(exercised=lambda _, facts: bool(facts.runs))
def nothing_leaks(_: History, facts: Facts) -> Iterator[Finding]:
    """When everything has settled, nothing of the run is left but its row.

    Looked for: threads, connections, open transactions, held locks, subscribers, cancel events;
    after the manager was closed, and while it is open whatever there is one more of after each of
    many runs.

    Exercised: there was a run that could leave something behind.

    Symptom: something of the run is left behind when it has ended.

    Contract: no thread, connection, transaction, lock, subscriber or cancel event outlives its
    run.
    """
    leaks = [event for event in facts.leaks if event.subject != "database"]
    # Before everything has settled, what looks left behind may still be in use.
    if leaks and facts.settled:
        found = ", ".join(f"{leak.subject} {leak.value} (event {leak.number})" for leak in leaks)
        yield broken(f"left behind: {found}", *leaks)
