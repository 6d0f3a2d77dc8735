"""start_run answers the truth."""

from __future__ import annotations

from collections.abc import Iterator

from runfaults.model import Event, History
from runfaults.oracle.facts import Facts
from runfaults.oracle.finding import Finding, broken, unknown
from runfaults.oracle.request import Request
from runfaults.oracle.rule import rule
from runfaults.oracle.run_facts import RunFacts


@rule(
    exercised=lambda _, facts: any(request.starts and request.reply for request in facts.requests)
)
def start_answers_truthfully(history: History, facts: Facts) -> Iterator[Finding]:
    """An id that `start_run` answers is a run that exists and ends; an error leaves none active.

    A row belongs to a start that raised if it was inserted between that REQUEST and its REPLY and
    no other start answered with its id.

    Exercised: a start was answered.

    Symptom: the answer to the start is not true: the run with that id never ends, or an error left
    an active run behind.

    Contract: `start_run` either returns an id whose run will reach a terminal status, or raises
    and leaves no active row behind.
    """
    starts = [request for request in facts.requests if request.starts]
    claimed = {start.run for start in starts if not start.raised}
    rivals = [start for start in starts if start.reply is None]
    unclaimed = [
        run
        for run in facts.runs.values()
        if run.id not in claimed and run.status in history.vocabulary.active
    ]
    for start in starts:
        if start.reply is None:
            continue
        if start.raised:
            for run in unclaimed:
                yield from _left_active(run, start, rivals, facts)
        elif start.run is None:
            yield broken(
                f"start answered {start.reply.value!r} (event {start.reply.number}), "
                "which is neither a run's id nor an error",
                start.reply,
            )
        else:
            yield from _came_true(start.run, start.reply, facts)


def _came_true(promised: int, reply: Event, facts: Facts) -> Iterator[Finding]:
    if facts.settled is None:
        return
    run = facts.runs.get(promised)
    status = run.status if run else ""
    if status not in facts.terminal:
        yield broken(
            f"run {promised}: start answered with its id (event {reply.number}), yet when "
            f"everything has settled (event {facts.settled.number}) the database shows "
            f"{status or 'no row at all'}",
            reply,
            *(run.transitions[-1:] if run else ()),
            facts.settled,
        )


def _left_active(
    run: RunFacts, start: Request, rivals: list[Request], facts: Facts
) -> Iterator[Finding]:
    row = run.transitions[0]
    reply = start.reply
    inserted = not row.subject
    if reply is None or not inserted or not start.asked.number < row.number < reply.number:
        return
    if any(rival.asked.number < row.number for rival in rivals):
        yield unknown(
            f"run {run.id}: it is active, and either the start that raised (event {reply.number}) "
            "or one that never answered made it",
            reply,
            row,
        )
    elif facts.settled:
        yield broken(
            f"run {run.id}: start raised (event {reply.number}), yet the row it made "
            f"(event {row.number}) stays {run.status}",
            row,
            reply,
            facts.settled,
        )
