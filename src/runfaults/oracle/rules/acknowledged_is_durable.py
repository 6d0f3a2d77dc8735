"""What was acknowledged survives a loss of power."""

from __future__ import annotations

from collections.abc import Iterator

from runfaults.model import Event, EventKind, History
from runfaults.oracle.facts import Facts
from runfaults.oracle.finding import Finding, broken
from runfaults.oracle.request import process_of
from runfaults.oracle.rule import rule

_SYNCHRONISED = "synchronised"


@rule(
    exercised=lambda _, facts: any(run in facts.runs for _, run in _acknowledgements(facts)),
    safety=True,
)
def acknowledged_is_durable(history: History, facts: Facts) -> Iterator[Finding]:
    """What a user is told of a run is on the disk by then, as far as SQLite promises it.

    The settings decide that which the connection had when it committed. Not on the disk is a commit
    with `synchronous=OFF`, or with `synchronous=NORMAL` in WAL mode; a checkpoint, the last close
    of the database or a commit with better settings brings it there. With `journal_mode=MEMORY` or
    `OFF` any later write endangers the file. No power is lost in any schedule.

    The history tells that by a VOLATILE event behind the STATUS event. A user is told of a run by
    the completion signal, and by the answer to a start or a read.

    Exercised: a user was told of a run, in a process that was the only one.

    Symptom: after a power failure a run that was reported completed is running again, or gone.

    Contract: what was acknowledged survives a loss of power.
    """
    told = dict(_acknowledgements(facts)) if facts.volatile else {}
    volatile: dict[int | None, Event] = {}
    for event in history.events if told else ():
        if event.kind is EventKind.STATUS:
            volatile.pop(event.run, None)
        elif event.kind is EventKind.VOLATILE:
            volatile[event.run] = event
        run = told.get(event.number)
        lost = volatile.get(run)
        if run is not None and lost is not None and lost.subject != _SYNCHRONISED:
            how = f"the answer {event.value} to" if event.kind is EventKind.REPLY else "a signal to"
            yield broken(
                f"run {run}: {how} {event.actor} (event {event.number}) tells what was committed "
                f"with {lost.subject} (event {lost.number}): after a loss of power {lost.value}",
                lost,
                event,
            )


def _acknowledgements(facts: Facts) -> Iterator[tuple[int, int]]:
    """The numbers of the events by which users are told of runs, and of which one.

    Where several processes are there at once, none watched the commit.
    """
    for run in facts.runs.values():
        for signal in run.signals:
            if "." not in process_of(signal.actor):
                yield signal.number, run.id
    for request in facts.requests:
        if request.reply is None or request.run is None or request.raised:
            continue
        if (request.starts or request.subject == "read") and not request.in_real_time:
            yield request.reply.number, request.run
