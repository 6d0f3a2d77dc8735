"""An end is final."""

from __future__ import annotations

from collections.abc import Iterator

from runfaults.model import Event, History
from runfaults.oracle.facts import Facts
from runfaults.oracle.finding import Finding, broken
from runfaults.oracle.rule import rule
from runfaults.oracle.run_facts import RunFacts


@rule(
    exercised=lambda _, facts: any(event.value in facts.terminal for event in facts.transitions),
    safety=True,
)
def terminal_is_final(_: History, facts: Facts) -> Iterator[Finding]:
    """A terminal status never changes, and its row is never deleted.

    Writing the same status again is harmless: recording is idempotent. A terminal status that a
    user has read is final too: the run ends with it.

    Exercised: a terminal status was recorded.

    Symptom: a run that was over changes: its user sees one outcome, and another one later.

    Contract: `pending -> running -> completed | cancelled | failed | interrupted`; terminal is
    final.
    """
    for run in facts.runs.values():
        before: Event | None = None
        for event in run.transitions:
            old = event.subject or (before.value if before else "")
            if old in facts.terminal and event.value != old:
                yield broken(
                    f"run {run.id}: {old} was final, yet the database then showed "
                    f"{event.value or 'no row at all'} (event {event.number})",
                    before or event,
                    event,
                )
            before = event
        yield from _told(run, facts)


def _told(run: RunFacts, facts: Facts) -> Iterator[Finding]:
    """The terminal statuses that users have read, where the run ends with another one."""
    if run.status not in facts.terminal and facts.settled is None:
        return
    for request in run.requests:
        reply = request.reply
        if (
            reply is not None
            and request.subject == "read"
            and reply.value in facts.terminal
            and reply.value != run.status
        ):
            yield broken(
                f"run {run.id}: a user read {reply.value} (event {reply.number}), yet the run "
                f"ended as {run.status or 'no row at all'}",
                reply,
                *run.transitions[-1:],
            )
