"""Every run ends."""

from __future__ import annotations

from collections.abc import Iterator

from runfaults.model import History
from runfaults.oracle.facts import Facts
from runfaults.oracle.finding import Finding, broken
from runfaults.oracle.rule import rule


@rule(exercised=lambda _, facts: bool(facts.transitions))
def eventually_terminal(_: History, facts: Facts) -> Iterator[Finding]:
    """Once all faults are lifted, every run that the database ever showed becomes terminal.

    A deadlock or a livelock breaks this rule. A hang does not: what it waits for is unknown.

    Exercised: the database showed a run.

    Symptom: the run never ends: it shows as active, or its threads wait or go round without end.

    Contract: recording does not give up while the process lives; nothing leaves a thread dead and
    its row active.
    """
    if facts.stuck and facts.stuck.subject in _ENDLESS:
        yield broken(f"{_ENDLESS[facts.stuck.subject]} (event {facts.stuck.number})", facts.stuck)
    if facts.settled is None:
        return
    for run in facts.runs.values():
        if run.status and run.status not in facts.terminal:
            shown = run.transitions[-1]
            yield broken(
                f"run {run.id}: everything has settled (event {facts.settled.number}), "
                f"yet the database still shows {run.status} (event {shown.number})",
                shown,
                facts.settled,
            )


_ENDLESS = {
    "deadlock": "the threads wait for each other without end",
    "livelock": "the threads repeat the same steps without end",
}
