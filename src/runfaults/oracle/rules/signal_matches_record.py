"""Subscribers hear the truth, once."""

from __future__ import annotations

from collections.abc import Iterator

from runfaults.model import Event, History
from runfaults.oracle.facts import Facts
from runfaults.oracle.finding import Finding, broken
from runfaults.oracle.request import process_of
from runfaults.oracle.rule import rule
from runfaults.oracle.run_facts import RunFacts


@rule(
    exercised=lambda _, facts: any(
        run.signals or any(_owed(run, facts)) for run in facts.runs.values()
    )
)
def signal_matches_record(_: History, facts: Facts) -> Iterator[Finding]:
    """Each subscriber hears the completion signal once, with the status that is in the database.

    The record comes first: at the moment of the signal the database shows a terminal status, and
    the same one if the signal names any. A subscriber that registered before the run's terminal
    status was recorded, did not unregister and whose process did not die, does hear it.

    The history tells of registrations by REPLY events with subject `subscribe` (`unsubscribe`) of
    the subscriber as actor. Who registers at one manager for a run that another one started
    (`start-elsewhere`) need not hear, or hears at once, without a status, that there is nothing to
    be heard.

    Exercised: a subscriber heard a signal, or had to hear one.

    Symptom: who waits for the end of the run hears nothing, hears it twice, or hears something
    that the database does not say.

    Contract: the completion signal comes exactly once per subscriber, after the record, and only
    with the status that is in the database.
    """
    for run in facts.runs.values():
        heard: dict[str, Event] = {}
        for signal in run.signals:
            first = heard.setdefault(signal.subject, signal)
            if first is not signal:
                yield broken(
                    f"run {run.id}: subscriber {signal.subject} heard the completion signal twice "
                    f"(events {first.number} and {signal.number})",
                    first,
                    signal,
                )
            if signal.value or not _may_be_elsewhere(run, facts):
                yield from _against_record(run, signal, facts.terminal)
        if facts.settled:
            for registered, recorded in _owed(run, facts):
                if registered.actor not in heard:
                    yield broken(
                        f"run {run.id}: subscriber {registered.actor} (event {registered.number}) "
                        f"never heard that the run became {recorded.value} "
                        f"(event {recorded.number})",
                        registered,
                        recorded,
                    )


def _against_record(run: RunFacts, signal: Event, terminal: frozenset[str]) -> Iterator[Finding]:
    shown = run.shown(signal.number)
    status = shown.value if shown else ""
    heard = signal.value or "that the run has ended"
    if status not in terminal or signal.value not in {status, ""}:
        yield broken(
            f"run {run.id}: subscriber {signal.subject} heard {heard} (event {signal.number}) "
            f"while the database showed {status or 'no row at all'}",
            *([shown] if shown else []),
            signal,
        )


def _owed(run: RunFacts, facts: Facts) -> Iterator[tuple[Event, Event]]:
    """Registrations that entitle to a signal, each with the record that it has to tell of."""
    recorded = run.first(facts.terminal)
    if recorded is None or _may_be_elsewhere(run, facts):
        return
    for request in run.requests:
        reply = request.reply
        if (
            reply is not None
            and request.subject == "subscribe"
            and not request.raised
            and reply.number < recorded.number
            and not _excused(reply, run.id, facts)
        ):
            yield reply, recorded


def _may_be_elsewhere(run: RunFacts, facts: Facts) -> bool:
    here = any(request.subject == "start" for request in run.requests)
    return not here and any(
        request.starts and request.subject != "start" for request in facts.requests
    )


def _excused(registered: Event, run: int, facts: Facts) -> bool:
    """Whether the subscriber unregistered, or died with its process."""
    process = process_of(registered.actor)
    if any(death.number > registered.number for death in facts.deaths_in({process})):
        return True
    return any(
        request.subject == "unsubscribe"
        and request.run in {run, None}
        and request.asked.number > registered.number
        and request.asked.actor == registered.actor
        for request in facts.requests
    )
