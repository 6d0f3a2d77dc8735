"""A history as the steps that a person reads: an operation and its answer are one step."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from runfaults.model import Event, EventKind, History, Judgement, Verdict

DATABASE = "database"
"""The actor of status transitions (see `Event.actor`)."""
HARNESS = "harness"
"""The actor of what was found when all was over."""

_NOTABLE = 0.001
"""Virtual seconds below which the length of a wait is no news."""
_LONG = 100
"""Virtual seconds from which on fractions are no news."""

_ANSWERS = frozenset({EventKind.OK, EventKind.ERROR})
_PARTS = frozenset({EventKind.OK, EventKind.ERROR, EventKind.STRIKE, EventKind.WAIT})
_NOBODY = frozenset(
    {
        EventKind.STATUS,
        EventKind.VOLATILE,
        EventKind.LEAK,
        EventKind.ROWS,
        EventKind.STUCK,
        EventKind.SETTLED,
    }
)
_CONTROLS = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)
_COMMAND = re.compile(r"(?<!\S)::(?=[\w-])|##\[")
"""How a line begins that GitHub obeys in a log; where lines are wrapped, any word may begin one."""

_ERROR = re.compile(
    r"(?P<class>[\w.]+)(?:: (?P<message>.*?))?(?: \[(?P<name>\w+)\])?", flags=re.DOTALL
)


def printable(text: str) -> str:
    r"""The text with control characters, overrides and the like spelt out (`\x1b`).

    Error messages come from the system under test: they must not be able to move a cursor, turn
    the line round, annotate a pull request, or be what no encoding or XML document can hold.
    """
    shown = _CONTROLS.sub(lambda match: ascii(match[0])[1:-1], text.replace("\r\n", "\n"))
    return _COMMAND.sub(lambda match: rf"\x{ord(match[0][0]):x}{match[0][1:]}", shown)


def wait_text(seconds: float) -> str:
    """The length of a wait, with a blank in front; empty where it is no news."""
    if seconds < _NOTABLE:
        return ""
    return f" {seconds:,.0f} s" if seconds >= _LONG else f" {seconds:.3g} s"


class Failure(NamedTuple):
    """The value of an error event, taken apart.

    Attributes:
        type: The exception's class.
        message: Its text.
        name: SQLite's name for it (`SQLITE_BUSY`); empty if it has none.
    """

    type: str
    message: str
    name: str

    @classmethod
    def of(cls, text: str) -> Failure:
        """Read `Class: message [NAME]`."""
        match = _ERROR.fullmatch(text)
        if match is None:
            return cls("", text, "")
        return cls(match["class"], match["message"] or "", match["name"] or "")

    @property
    def short(self) -> str:
        """SQLite's name, else the class, else the text."""
        return self.name or self.type or self.message


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that an actor did, or that was seen.

    Attributes:
        actor: Who did it.
        events: The events that make the step, in order.
        operation: For an operation, what was invoked, without the actor's name: `commit #2`.
        continued: Whether the operation was invoked in an earlier step and other actors went
            on in between.
        evidence: Numbers of the events that are evidence against the system under test.
        until: Virtual time at which a wait in this step was over; the step's own time where
            there is none.
    """

    actor: str
    events: tuple[Event, ...]
    operation: str
    continued: bool
    evidence: tuple[int, ...]
    until: float
    stack: tuple[str, ...] = ()

    @property
    def time(self) -> float:
        """Virtual seconds since the schedule began."""
        return self.events[0].time

    @property
    def number(self) -> int:
        """Number of the first event."""
        return self.events[0].number

    @property
    def decisive(self) -> bool:
        """Whether the step proves the verdict."""
        return bool(self.evidence)

    @property
    def proof(self) -> str:
        """The numbers by which the rules' reasons name the step's evidence; empty if none."""
        numbers = ", ".join(map(str, self.evidence))
        return f"event{'s' * (len(self.evidence) > 1)} {numbers}" if self.evidence else ""

    @property
    def kind(self) -> EventKind:
        """The sort of the event that the step begins with."""
        return self.events[0].kind

    def find(self, kind: EventKind) -> Event | None:
        """The first event of that kind, if any."""
        return next((event for event in self.events if event.kind is kind), None)

    @property
    def statuses(self) -> tuple[Event, ...]:
        """The status transitions that the database recorded in this step."""
        return tuple(event for event in self.events if event.kind is EventKind.STATUS)

    @property
    def failure(self) -> Failure | None:
        """The error that the operation raised, or that escaped."""
        error = self.find(EventKind.ERROR)
        return Failure.of(printable(error.value)) if error else None

    @property
    def sql(self) -> str:
        """The statement, where the operation has one."""
        invoked = self.find(EventKind.INVOKE)
        return printable(invoked.value) if invoked else ""

    @property
    def places(self) -> tuple[str, ...]:
        """Where it came from as `file:line in function`; for a deadlock, where each actor waits."""
        frames = self.stack if self.kind is EventKind.STUCK else self.stack[-1:]
        return tuple(frame.partition(": ")[0] for frame in frames)

    @property
    def waiting(self) -> str:
        """The actor's wait: for what, how long, and who held it; empty if there was none."""
        wait = self.find(EventKind.WAIT)
        if wait is None:
            return ""
        long = wait_text(self.until - wait.time)
        sleeps = wait.subject == "sleep"
        what = f"sleeps{long}" if sleeps else f"waits{long} for {awaited(wait)}"
        itself = " itself" if wait.value == self.actor else ""
        told = wait.value and not wait.subject.startswith("thread ")
        locked = "locked" if wait.subject == DATABASE else "held"
        holder = f", {locked} by {wait.value}{itself}" if told else ""
        return printable(what + holder)

    @property
    def title(self) -> str:
        """The step in a few words, without the actor."""
        if self.operation:
            text = f"{self.operation} continues" if self.continued else self.operation
        else:
            text = _title(self.events[0])
        return printable(text)

    @property
    def went_wrong(self) -> bool:
        """Whether the step is bad news in itself, whatever the rules say."""
        first = self.events[0]
        return (
            self.find(EventKind.ERROR) is not None
            or self.kind in {EventKind.LEAK, EventKind.STUCK}
            or (self.kind is EventKind.THREAD and first.subject == "escaped")
            or (self.kind is EventKind.PIPELINE and first.subject == "raised")
            or (self.kind is EventKind.REPLY and first.value.startswith("raised"))
        )


def awaited(wait: Event) -> str:
    """The thing that is waited for, in words."""
    return {
        DATABASE: f"the {DATABASE}",
        "notification": "a notification",
        "event loop": "the next step of its event loop",
        "a lock held outside": "a lock held by another process",
    }.get(wait.subject, wait.subject)


def _title(event: Event) -> str:
    detail = f": {event.value}" if event.value else ""
    plain = f"{event.kind} {event.subject}".strip() + detail
    if event.kind is EventKind.PIPELINE and event.subject == "lost":
        return "the work that the pipeline left uncommitted is lost"
    if event.kind is EventKind.THREAD and event.actor.partition("@")[0] == "process":
        return event.subject + detail
    return {
        EventKind.REQUEST: f"asks to {event.subject}",
        EventKind.REPLY: f"{event.subject}: {_answer(event)}",
        EventKind.SIGNAL: f"signal {event.value} to {event.subject}",
        EventKind.STATUS: "",
        EventKind.WAIT: "",
        EventKind.VOLATILE: f"not on the disk: {event.subject}" if event.value else event.subject,
        EventKind.LEAK: (
            f"{DATABASE} check{detail}"
            if event.subject == DATABASE
            else f"left behind: {event.subject} {event.value}"
        ),
        EventKind.ROWS: f"`{event.subject}` finds {event.value or 'nothing'}",
        EventKind.STUCK: f"{event.subject}{detail}",
        EventKind.SETTLED: "settled: nothing more can happen",
    }.get(event.kind, plain)


def _answer(event: Event) -> str:
    return "done" if event.value in {"None", event.actor} else f"answer {event.value}"


def transition(event: Event) -> str:
    """A status event as `running -> failed`, with words for a row that appears or goes."""
    return printable(f"{event.subject or '(no row)'} -> {event.value or '(row deleted)'}")


def evidence(judgements: Iterable[Judgement]) -> frozenset[int]:
    """Numbers of the events that prove what is broken or unknown."""
    return frozenset(
        number
        for judgement in judgements
        if judgement.verdict is not Verdict.HOLDS
        for number in judgement.evidence
    )


def lanes(history: History) -> tuple[str, ...]:
    """The actors that do something, in order of appearance.

    Neither the database nor the harness is one of them.
    """
    actors = (
        event.actor
        for event in history.events
        if event.kind not in _NOBODY and event.actor != HARNESS
    )
    return tuple(dict.fromkeys(actors))


def steps(history: History, judgements: Iterable[Judgement] = ()) -> tuple[Step, ...]:
    """The history as steps.

    An operation, the fault that strikes it, the wait in it, its answer and the status
    transitions that it committed are one step, unless another actor does something in between.
    """
    decisive = evidence(judgements)
    ends = _ends_of_waits(history.events)
    places = dict(history.places)
    return tuple(
        Step(
            actor=group[0].actor,
            events=tuple(group),
            operation=invoked.subject.removeprefix(f"{invoked.actor} ") if invoked else "",
            continued=invoked is not None and invoked is not group[0],
            evidence=tuple(event.number for event in group if event.number in decisive),
            until=max(ends.get(event.number, group[0].time) for event in group),
            stack=_stuck_at(group[0], history, places) or _stack(group, places),
        )
        for group, invoked in _groups(history.events)
    )


def _stack(group: list[Event], places: dict[int, str]) -> tuple[str, ...]:
    """The operation's stack, where the step begins with it; else that of what came of it."""
    known = (places[event.number] for event in group if event.number in places)
    return tuple(printable(next(known, "")).splitlines())


def _stuck_at(stuck: Event, history: History, places: dict[int, str]) -> tuple[str, ...]:
    """For a deadlock, where each actor waits, one line each."""
    if stuck.kind is not EventKind.STUCK or stuck.subject == "livelock":
        return ()
    last = {event.actor: event for event in history.events[: stuck.number]}
    waits = (event for event in last.values() if event.kind is EventKind.WAIT)
    stacks = {wait.actor: places.get(wait.number, "").splitlines() for wait in waits}
    innermost = {actor: stack[-1].partition(": ") for actor, stack in stacks.items() if stack}
    return tuple(
        printable(f"{place} ({actor}): {code}") for actor, (place, _, code) in innermost.items()
    )


def _groups(events: Iterable[Event]) -> Iterator[tuple[list[Event], Event | None]]:
    """The events of each step, with the invocation of the operation that they are part of."""
    pending: dict[str, Event] = {}
    group: list[Event] = []
    invoked: Event | None = None
    for event in events:
        if group and not _belongs(event, group, invoked):
            yield group, invoked
            group = []
        if event.kind is EventKind.INVOKE:
            pending[event.actor] = event
        if not group:
            is_part = event.kind in _PARTS or event.kind is EventKind.INVOKE
            invoked = pending.get(event.actor) if is_part else None
        if event.kind in _ANSWERS:
            pending.pop(event.actor, None)
        group.append(event)
    if group:
        yield group, invoked


def _belongs(event: Event, group: list[Event], invoked: Event | None) -> bool:
    """Whether the event continues what the group began."""
    last = group[-1]
    if invoked is None:
        again = event.kind is EventKind.WAIT and event[2:] == last[2:]
        return again or (event.kind is last.kind is EventKind.STATUS)
    if event.kind is EventKind.STATUS:
        return True
    answered = any(earlier.kind in _ANSWERS for earlier in group)
    return event.actor == invoked.actor and event.kind in _PARTS and not answered


def _ends_of_waits(events: tuple[Event, ...]) -> dict[int, float]:
    """For each wait, the time of its actor's next event; of the last event if there is none."""
    ends: dict[int, float] = {}
    following: dict[str, float] = {}
    for event in reversed(events):
        if event.kind is EventKind.WAIT:
            ends[event.number] = following.get(event.actor, events[-1].time)
        following[event.actor] = event.time
    return ends
