"""What was acknowledged survives a loss of power."""

from __future__ import annotations

from collections.abc import Iterator

from runfaults.model import Event, EventKind, History
from runfaults.oracle.facts import Facts
from runfaults.oracle.finding import Finding, broken
from runfaults.oracle.request import process_of
from runfaults.oracle.rule import rule

_SYNCHRONISED = "synchronised"


def _acknowledged(history: History, facts: Facts) -> bool:
    return any(run in facts.runs for _, run in _acknowledgements(history, facts))


@rule(exercised=_acknowledged, safety=True)
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
    told = dict(_acknowledgements(history, facts))
    volatile: dict[int | None, Event] = {}
    for event in history.events:
        if event.kind is EventKind.STATUS:
            volatile.pop(event.run, None)
        elif event.kind is EventKind.VOLATILE:
            volatile[event.run] = event
        run = told.get(event)
        lost = volatile.get(run)
        if run is not None and lost is not None and lost.subject != _SYNCHRONISED:
            how = f"the answer {event.value} to" if event.kind is EventKind.REPLY else "a signal to"
            yield broken(
                f"run {run}: {how} {event.actor} (event {event.number}) tells what was committed "
                f"with {lost.subject} (event {lost.number}): after a loss of power {lost.value}",
                lost,
                event,
            )


def _acknowledgements(history: History, facts: Facts) -> Iterator[tuple[Event, int | None]]:
    """The events by which users are told of runs, up to where it got stuck."""
    runs = {
        request.reply: request.run
        for request in facts.requests
        if request.reply is not None
        and not request.raised
        and (request.starts or request.subject == "read")
    }
    for event in history.events:
        if event is facts.stuck:
            return
        if "." in process_of(
            event.actor
        ):  # several processes at once: no process watched the commit
            continue
        if event.kind is EventKind.SIGNAL:
            yield event, event.run
        elif event in runs:
            yield event, runs[event]
