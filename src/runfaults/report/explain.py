"""One paragraph in plain words that tells what happened, from the events alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from runfaults.model import Event, EventKind, History, Judgement, Operation, Verdict
from runfaults.report.steps import DATABASE, Failure, Step, length, printable, steps

_ROUTINE = frozenset({"start", "subscribe", "close"})
"""Requests that are only news when they fail."""

_ORDINARY_WAITS = frozenset({"sleep", "thread", "lock"})
"""Waits that are only news when nothing goes on after them: `EventKind.STUCK` tells those."""
_LONGEST = 300
"""Characters of a reason for being stuck, which may be the stacks of all threads."""


class _Sentence(NamedTuple):
    """Sentences with the same key are told once, with a count."""

    key: tuple[str, ...]
    text: str


def explain(history: History, judgements: Iterable[Judgement]) -> str:
    """Tell the history: outcome of the pipeline, faults, errors, waits, what was recorded, why.

    Deterministic. Every statement is an event or a rule's own reason; where the events do not
    tell, neither does the paragraph. What happened again and again is told once, with a count.
    """
    judgements = tuple(judgements)
    told = list(_tell(history))
    times: dict[tuple[str, ...], int] = {}
    for sentence in told:
        times[sentence.key] = times.get(sentence.key, 0) + 1
    lines = {sentence.key: sentence.text for sentence in reversed(told)}
    in_order = dict.fromkeys(sentence.key for sentence in told)
    paragraph = [_counted(lines[key], times[key]) for key in in_order]
    paragraph += [_upper(text) for text in _last_words(history)]
    paragraph += list(_conclusions(judgements))
    return " ".join(paragraph)


def _counted(text: str, times: int) -> str:
    again = f" ({times} times in all)" if times > 1 else ""
    return f"{_upper(text)}{again}."


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]


def _tell(history: History) -> Iterator[_Sentence]:
    """What is worth telling of each step."""
    failed: set[str] = set()
    for step in steps(history):
        text = _news(step.events[0])
        if text:
            yield _Sentence((step.kind, text), printable(text))
        yield from _operation(step)
        for event in step.statuses:
            text = _recorded(event, history)
            if text:
                by = _effect(step, failed) if step.operation else ""
                yield _Sentence((str(event.number),), printable(by + text))
        if step.failure:
            failed.add(_what(step))


def _effect(step: Step, failed: set[str]) -> str:
    """What made the database record something; the operation may have failed before."""
    again = "later, " if _what(step) in failed else ""
    anyway = " all the same" if step.failure else ""
    return f"{again}{_what(step)} took effect{anyway} and "


def _operation(step: Step) -> Iterator[_Sentence]:
    """The wait, the strike and the error of an operation."""
    wait, strike, failure = map(step.find, (EventKind.WAIT, EventKind.STRIKE, EventKind.ERROR))
    if wait and wait.subject.partition(" ")[0] not in _ORDINARY_WAITS:
        text = _wait(step, wait)
        yield _Sentence((EventKind.WAIT, text), printable(text))
    if failure:
        error = Failure.of(failure.value)
        message = f' ("{error.message}")' if error.name else ""
        cause = f", struck by the fault {strike.subject}{_leaving(strike)}" if strike else ""
        text = f"{_what(step)} got {error.short}{message}{cause}"
        yield _Sentence((EventKind.ERROR, text), printable(text))
    elif strike:
        text = f"the fault {strike.subject} struck {_what(step)}{_leaving(strike)}"
        yield _Sentence((EventKind.STRIKE, text), printable(text))


def _wait(step: Step, wait: Event) -> str:
    long = length(step.until - wait.time)
    itself = " itself" if wait.value == step.actor else ""
    holder = f", held by {wait.value}{itself}" if wait.value else ""
    if wait.subject == DATABASE:
        return f"{_what(step)} waited{long} for the {DATABASE}{holder}"
    return f"the {step.actor} waited{long} for {wait.subject}{holder}"


def _leaving(strike: Event) -> str:
    return f" ({strike.value})" if strike.value else ""


def _what(step: Step) -> str:
    """An operation in the words of somebody who knows SQL and threads."""
    verb, _, rest = step.operation.partition(" ")
    subject = rest.partition("#")[0].strip()
    phrases: dict[str, str] = {
        Operation.CONNECT: "attempt to open a connection",
        Operation.EXECUTE: subject or "statement",
        Operation.FETCH: f"fetch from {subject}" if subject else "fetch",
        Operation.COMMIT: "COMMIT",
        Operation.ROLLBACK: "ROLLBACK",
        Operation.CLOSE: "attempt to close a connection",
        Operation.SPAWN: f"attempt to start the thread {subject}",
        Operation.ACQUIRE: f"attempt to take the lock {subject}",
        Operation.JOIN: f"join of {subject}" if subject else "join",
        Operation.SLEEP: "sleep",
    }
    return f"the {step.actor}'s {phrases.get(verb, step.operation)}"


def _pipeline(event: Event) -> str:
    because = f" {event.value}" if event.value else ""
    return {
        "started": "",
        "returned": "the pipeline had succeeded",
        "raised": f"the pipeline raised{because}",
        "cancelled": "the pipeline noticed the cancel and stopped",
    }.get(event.subject, f"the pipeline {event.subject}{because}")


def _reply(event: Event) -> str:
    """Answers about cancels, and every answer that is an error; routine that works is no news."""
    if event.value.startswith("raised "):
        return f"the {event.actor}'s request to {event.subject} {event.value}"
    if event.subject in _ROUTINE or event.value in {"", "None"}:
        return ""
    meaning = {"True": " (accepted)", "False": " (refused)"}.get(event.value, "")
    return f"the manager answered the {event.subject} with {event.value}{meaning}"


def _thread(event: Event) -> str:
    if event.subject != "escaped":
        return ""
    return (
        f"{Failure.of(event.value).short or 'an exception'} escaped from the thread {event.actor}"
    )


def _news(event: Event) -> str:
    """The sentence for an event without its full stop; empty where the event is no news."""
    detail = f": {event.value}" if event.value else ""
    routine = event.subject in _ROUTINE
    return {
        EventKind.PIPELINE: _pipeline(event),
        EventKind.REQUEST: "" if routine else f"a {event.subject} was requested",
        EventKind.REPLY: _reply(event),
        EventKind.SIGNAL: f"a subscriber was told {event.value}",
        EventKind.THREAD: _thread(event),
        EventKind.LEAK: f"at the end {_found(event)}{detail}",
        EventKind.STUCK: f"then nothing could go on ({event.subject}){_short(detail)}",
    }.get(event.kind, "")


def _found(event: Event) -> str:
    """What was found at the end: something left over, or the database itself."""
    return "the database" if event.subject == DATABASE else f"a {event.subject} was left over"


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}..."


def _recorded(event: Event, history: History) -> str:
    """A transition to or from a status that claims an end; the others are no news."""
    terminal = history.vocabulary.terminal
    if event.value not in terminal and event.subject not in terminal:
        return ""
    run = f" run {event.run}" if event.run is not None and _runs(history) > 1 else ""
    if not event.value:
        return f"the {DATABASE} lost the row of{run or ' the run'}, which said {event.subject}"
    was = f", where it had said {event.subject}" if event.subject in terminal else ""
    return printable(f"the {DATABASE} recorded {event.value}{' for' + run if run else ''}{was}")


def _runs(history: History) -> int:
    return len({event.run for event in history.events if event.run is not None})


def _last_words(history: History) -> Iterator[str]:
    """Runs that the database says are active when nothing can happen any more."""
    ends = {EventKind.SETTLED, EventKind.STUCK}
    if not any(event.kind in ends for event in history.events):
        return
    last = {event.run: event for event in history.events if event.kind is EventKind.STATUS}
    for run, event in last.items():
        if event.value in history.vocabulary.active:
            which = f" for run {run}" if len(last) > 1 else ""
            yield (
                f"when nothing could happen any more, the {DATABASE} still said "
                f"{event.value}{which}."
            )


def _conclusions(judgements: Iterable[Judgement]) -> Iterator[str]:
    """The worst that the rules say; those that say it for the same reason are told together."""
    judgements = tuple(judgements)
    worst = Verdict.worst(judgement.verdict for judgement in judgements)
    if worst is Verdict.HOLDS:
        return
    reasons: dict[str, list[str]] = {}
    for judgement in judgements:
        if judgement.verdict is worst:
            reasons.setdefault(judgement.reason.rstrip("."), []).append(judgement.rule)
    parts = [
        ", ".join(rules) + (f" ({reason})" if reason else "") for reason, rules in reasons.items()
    ]
    count = sum(map(len, reasons.values()))
    noun = "the rule is" if count == 1 else f"{count} rules are"
    word = "broken" if worst is Verdict.BROKEN else "not to be judged"
    yield printable(f"So {noun} {word}: {'; '.join(parts)}.")
