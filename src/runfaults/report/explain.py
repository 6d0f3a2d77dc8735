"""One paragraph in plain words that tells what happened, from the events alone."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from runfaults.model import Event, EventKind, FaultPoint, History, Judgement, Operation, Verdict
from runfaults.model.counting import counted
from runfaults.model.history import TOLD_TO
from runfaults.report.steps import DATABASE, Failure, Step, awaited, printable, steps, wait_text

_ROUTINE = frozenset({"start", "subscribe", "close"})
"""Requests that are only news when they fail, or when the schedule asked for them."""

_ORDINARY_WAITS = ("sleep", "thread", "lock", "notification", "the end of run")
"""Waits that are only news when they never end: `EventKind.STUCK` tells those."""
_LONGEST = 300
"""Characters of a reason for being stuck, which may be the stacks of all threads."""

_FEW_RUNS = 3
"""Of more than these, those that end in the same way are counted."""

_ROUNDS = 60
"""Events before the end of a livelock from which it is told what goes round."""


class _Sentence(NamedTuple):
    """Sentences with the same key are told once, with a count."""

    key: tuple[str, ...]
    text: str


def explain(history: History, judgements: Iterable[Judgement]) -> str:
    """Tell the history and what the rules conclude from it.

    Deterministic. Every statement is an event or a rule's own reason; where the events do not
    tell, neither does the paragraph. What happened again and again is told once, with a count.
    """
    judgements = tuple(judgements)
    return " ".join((*tell(history, judgements), *_conclusions(judgements)))


def tell(history: History, judgements: Iterable[Judgement]) -> tuple[str, ...]:
    """Outcome of the pipeline, faults, errors, waits, what was recorded, what was left: sentences.

    Whatever the rules found to prove their verdict is among them.
    """
    told = list(_tell(history, judgements))
    times: dict[tuple[str, ...], int] = {}
    for sentence in told:
        times[sentence.key] = times.get(sentence.key, 0) + 1
    lines = {sentence.key: sentence.text for sentence in reversed(told)}
    in_order = dict.fromkeys(sentence.key for sentence in told)
    sentences = (_counted(lines[key], times[key]) for key in in_order)
    return (*sentences, *(_upper(text) for text in _last_words(history)))


def _counted(text: str, times: int) -> str:
    again = f" ({times:,} times in all)" if times > 1 else ""
    return f"{_upper(text)}{again}."


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]


def _tell(history: History, judgements: Iterable[Judgement]) -> Iterator[_Sentence]:
    """The sentences that are worth telling of each step."""
    failed: set[str] = set()
    arrivals = _arrivals(history)
    left: list[str] = []
    alike: Counter[str] = Counter()
    asked = {event.actor for event in history.events if event.subject == "subscribe"}
    for step in steps(history, judgements):
        first = step.events[0]
        if first.kind is EventKind.LEAK and first.subject != DATABASE:
            left.append(_left(first))
        elif first.kind is EventKind.SIGNAL and len(asked) > 1:
            text = f"{first.subject} was told {first.value or 'that the run has ended'}"
            yield _Sentence((step.kind, text), printable(text))
        elif text := _news(first, arrivals.get(first.number, ""), decisive=step.decisive):
            yield _Sentence((step.kind, text), printable(text))
        if first.kind is EventKind.STUCK and first.subject == "livelock":
            yield from _rounds(history, first.number)
        yield from _operation(step)
        yield from _statuses(step, history, failed, alike)
        if step.failure:
            failed.add(_what(step))
    yield from _alike(alike)
    if left:
        text = f"at the end this was left behind: {', '.join(left)}"
        yield _Sentence((EventKind.LEAK,), printable(text))


def _statuses(
    step: Step, history: History, failed: set[str], alike: Counter[str]
) -> Iterator[_Sentence]:
    """What was recorded; of many runs that end the same without a word, the first."""
    many = _runs(history) > _FEW_RUNS
    for event in step.statuses:
        matters = step.decisive or step.failure
        if many and not matters and event.value in history.vocabulary.terminal:
            alike[event.value] += 1
            if alike[event.value] > 1:
                continue
        text = _recorded(event, history)
        if text and (matters or _is_about_an_end(event, history)):
            by = _effect(step, failed) if step.operation else ""
            yield _Sentence((str(event.number),), printable(by + text))


def _alike(alike: Counter[str]) -> Iterator[_Sentence]:
    for status, times in alike.items():
        if times > 1:
            text = f"in the same way, it recorded {counted(times - 1, 'more run')} as {status}"
            yield _Sentence((EventKind.STATUS, status), printable(text))


def _rounds(history: History, end: int) -> Iterator[_Sentence]:
    """The steps that each actor repeats up to the end of a livelock."""
    points = Counter(
        FaultPoint.parse(event.subject)._replace(ordinal=1)
        for event in history.events[max(0, end - _ROUNDS) : end]
        if event.kind is EventKind.INVOKE
    )
    rounds: dict[str, list[str]] = {}
    for point, times in points.items():
        if times > 1:
            rounds.setdefault(point.actor, []).append(point.subject or point.operation)
    for actor, done in rounds.items():
        text = f"again and again, the {actor} went through {', '.join(dict.fromkeys(done))}"
        yield _Sentence(("round", actor), printable(text))


def _arrivals(history: History) -> dict[int, str]:
    """The requests that the schedule asked for at a point: event number and where that was."""
    first: dict[str, int] = {}
    for event in history.events:
        if event.kind is EventKind.REQUEST:
            first.setdefault(event.actor, event.number)
    acts = history.schedule.acts
    arrivals: dict[int, str] = {}
    for act in acts:
        # A second actor of that name has a number: `subscribe-2`.
        actors = [actor for actor in first if re.fullmatch(rf"{re.escape(act.kind)}(-\d+)?", actor)]
        unique = [other.kind for other in acts].count(act.kind) == 1
        if act.at and actors and unique:
            at = act.at
            what = _performed(at.actor, at.operation, at.subject)
            arrivals[first[actors[-1]]] = f" right before {what}"
    return arrivals


def _effect(step: Step, failed: set[str]) -> str:
    """The operation that made the database record something; it may have failed before."""
    again = "later, " if _what(step) in failed else ""
    anyway = " all the same" if step.failure else ""
    return f"{again}{_what(step)} took effect{anyway}: "


def _operation(step: Step) -> Iterator[_Sentence]:
    """The wait, the strike and the error of an operation, in one sentence."""
    wait, strike, failure = map(step.find, (EventKind.WAIT, EventKind.STRIKE, EventKind.ERROR))
    if wait and any(f"{wait.subject} ".startswith(f"{each} ") for each in _ORDINARY_WAITS):
        wait = None
    if not (wait or strike or failure):
        return
    parts = [_wait(step, wait)] if wait else []
    message = ""
    if failure:
        error = Failure.of(failure.value)
        message = error.message
        parts.append(f"got {error.short}" + (f' ("{message}")' if error.name else ""))
    because = ""
    if strike:
        summary = strike.value.removeprefix(f"{message}: ")
        because = f", because of the fault {strike.subject}" + (f" ({summary})" if summary else "")
        if not failure:
            parts.append("was struck")
    who = _what(step) if step.operation else f"the {step.actor}"
    text = f"{who} {' and '.join(parts).rstrip(',')}{because}"
    yield _Sentence(("operation", text), printable(text))


def _wait(step: Step, wait: Event) -> str:
    long = wait_text(step.until - wait.time)
    itself = " itself" if wait.value == step.actor else ""
    holder = f", locked by the {wait.value}{itself}," if wait.value else ""
    return f"waited{long} for {awaited(wait)}{holder}"


def _what(step: Step) -> str:
    verb, _, rest = step.operation.partition(" ")
    return _performed(step.actor, verb, rest.partition("#")[0].strip())


def _performed(actor: str, verb: str, subject: str) -> str:
    """An operation in the words of SQL and threads."""
    phrases: dict[str, str] = {
        Operation.CONNECT: "attempt to open a connection",
        Operation.EXECUTE: subject or "statement",
        Operation.FETCH: f"fetch from {subject}" if subject else "fetch",
        Operation.COMMIT: "COMMIT",
        Operation.ROLLBACK: "ROLLBACK",
        Operation.CLOSE: "attempt to close a connection",
        Operation.SPAWN: f"attempt to start the thread {subject}",
        Operation.CALL: f"call of {subject}",
        Operation.ACQUIRE: f"attempt to take the lock {subject}",
        Operation.JOIN: f"join of {subject}" if subject else "join",
        Operation.SLEEP: "sleep",
        Operation.TASK: f"step of the task {subject}",
    }
    return f"the {actor}'s {phrases.get(verb, f'{verb} {subject}'.strip())}"


def _news(event: Event, arrival: str, *, decisive: bool) -> str:
    """The sentence for an event without its full stop; empty where the event is no news."""
    detail = f": {event.value}" if event.value else ""
    asked = arrival or event.subject not in _ROUTINE
    return {
        EventKind.PIPELINE: _pipeline(event),
        EventKind.REQUEST: f"{_request(event)} was requested{arrival}" if asked else "",
        EventKind.REPLY: _reply(event, decisive=decisive),
        EventKind.SIGNAL: f"a subscriber was told {event.value or 'that the run has ended'}",
        EventKind.THREAD: _thread(event),
        EventKind.VOLATILE: f"a status was committed with {event.subject}" if decisive else "",
        EventKind.LEAK: f"at the end, a check of the {event.subject} said{detail}",
        EventKind.ROWS: f"at the end, a query found {event.value}" if decisive else "",
        EventKind.STUCK: _stuck(event),
    }.get(event.kind, "")


def _request(event: Event) -> str:
    task = f" {event.value}" if event.value else ""
    return {
        "start": "another start",
        "subscribe": "a subscription",
        "cancel-api": "a cancel through the API",
        "keyboard-interrupt": "a keyboard interrupt",
        "clock-back": "a wall clock set a day back",
        "clock-forward": "a wall clock set a day forward",
        "cancel-task": f"a cancel of the task{task}",
    }.get(event.subject, f"a {event.subject}")


def _pipeline(event: Event) -> str:
    because = f" {event.value}" if event.value else ""
    raised = f"raised{because}" if event.value else "returned early"
    closed = f"the pipeline's client was closed under it, and the pipeline {raised}"
    return {
        "started": "",
        "returned": "the pipeline succeeded" + (f" ({event.value})" if event.value else ""),
        "stopped": f"the pipeline stopped{because}" if event.value == TOLD_TO else closed,
        "raised": f"the pipeline raised{because}",
        "cancelled": "the pipeline noticed the cancel and stopped",
        "lost": "what the pipeline had left uncommitted is not in the database: it is lost",
    }.get(event.subject, f"the pipeline {event.subject}{because}")


def _reply(event: Event, *, decisive: bool) -> str:
    """Answers about cancels, errors and proof; routine that works is no news."""
    if event.value.startswith("raised "):
        return f"the {event.subject} {event.value.removesuffix(': ')}"
    if event.subject == "subscribe":
        return f"{event.actor} was registered as a subscriber" if decisive else ""
    if event.value in {"", "None"} or event.subject in _ROUTINE:
        return ""
    meaning = {"True": " (accepted)", "False": " (refused)"}.get(event.value, "")
    return f"the manager answered the {event.subject} with {event.value}{meaning}"


def _thread(event: Event) -> str:
    if event.subject == "interrupted":
        return f"the {event.actor} got {event.value}"
    if event.subject != "escaped":
        return ""
    error = Failure.of(event.value)
    return f"the thread {event.actor} died of {error.short or 'an exception'}"


def _stuck(event: Event) -> str:
    how = {
        "deadlock": "then the threads waited for each other without end",
        "livelock": "then the threads repeated the same steps without end",
        "hang": "then a thread kept its turn",
    }.get(event.subject, "then no thread could run")
    detail = f": {event.value}" if event.value else ""
    return f"{how} ({event.subject}{_short(detail)})"


def _left(event: Event) -> str:
    """The thing that was left behind, with an article."""
    article, _, of = {"thread": "the", "lock": "the", "subscriber": "a of"}.get(
        event.subject, "a"
    ).partition(" ")
    return " ".join(filter(None, (article, event.subject, of, event.value)))


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}..."


def _is_about_an_end(event: Event, history: History) -> bool:
    """Whether the status changes to or from one that claims an end."""
    return not history.vocabulary.terminal.isdisjoint({event.subject, event.value})


def _recorded(event: Event, history: History) -> str:
    run = f"run {event.run}" if event.run is not None and _runs(history) > 1 else "the run"
    if not event.value:
        return f"the {DATABASE} lost the row of {run}, which said {event.subject}"
    was = (
        f", which it had recorded as {event.subject} before"
        if event.subject in history.vocabulary.terminal
        else ""
    )
    return f"the {DATABASE} recorded {run} as {event.value}{was}"


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
