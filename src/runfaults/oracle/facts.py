"""What a history says about each run, read once for all rules."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import NamedTuple

from runfaults.model import Event, EventKind, History
from runfaults.oracle.finding import Finding, unknown

_TELLING = frozenset(
    {
        EventKind.STATUS,
        EventKind.PIPELINE,
        EventKind.REQUEST,
        EventKind.REPLY,
        EventKind.SIGNAL,
        EventKind.THREAD,
        EventKind.LEAK,
        EventKind.ROWS,
        EventKind.STRIKE,
        EventKind.ERROR,
        EventKind.SETTLED,
    }
)


_EVERY = ""
"""The process of actors whose name has none. Its death takes every process with it."""


def process_of(actor: str) -> str:
    """The process of an actor: `2.5` for `user@2.5`; empty where the history has only one."""
    return actor.partition("@")[2]


class Request(NamedTuple):
    """What a user asked of the manager, and what it answered.

    Attributes:
        asked: The REQUEST event (the REPLY itself, if nothing shows the request).
        reply: The REPLY event; None while there is no answer.
        run: The run it is about, if known.
    """

    asked: Event
    reply: Event | None
    run: int | None

    @property
    def subject(self) -> str:
        """What was asked: `start`, `cancel`, `cancel-api`, ..."""
        return self.asked.subject

    @property
    def starts(self) -> bool:
        """Whether it asks for a run: `start`, or `start-elsewhere` of another manager."""
        return self.subject.startswith("start")

    @property
    def raised(self) -> bool:
        """Whether the answer was an exception."""
        return self.reply is not None and self.reply.value.split(" ", 1)[0] == "raised"

    @property
    def process(self) -> str:
        """The process of the actor that asked."""
        return process_of(self.asked.actor)

    @property
    def in_real_time(self) -> bool:
        """Whether its process was one of several at once: the order of events is not exact then."""
        return "." in self.process

    @property
    def accepts_cancel(self) -> bool:
        """Whether it is a cancel, of either style, that was answered `True`."""
        return (
            self.reply is not None
            and self.reply.value == "True"
            and self.subject.startswith("cancel")
        )

    @property
    def refused(self) -> bool:
        """Whether it is a plain cancel that was answered `False`.

        An API-style cancel writes the status itself, whatever the manager answered.
        """
        answer = self.reply.value if self.reply is not None else ""
        return answer == "False" and self.subject == "cancel"


@dataclass(frozen=True, slots=True)
class RunFacts:
    """What happened to one run.

    Attributes:
        id: The run's id in the database.
        transitions: Its STATUS events.
        pipeline: Its PIPELINE events.
        signals: Its SIGNAL events.
        accepted: The REPLY events that accepted a cancel of it.
        requests: The requests about it, in the order in which they were asked.
        owners: The processes that work on it: those that were told its id by a start, and those
            whose threads its pipeline ran in. If no process was, the ones whose start may have
            inserted its row.
    """

    id: int
    transitions: tuple[Event, ...]
    pipeline: tuple[Event, ...]
    signals: tuple[Event, ...]
    accepted: tuple[Event, ...]
    requests: tuple[Request, ...] = ()
    owners: frozenset[str] = frozenset()

    @property
    def status(self) -> str:
        """The last status the database showed; empty if it never had a row, or has none now."""
        return self.transitions[-1].value if self.transitions else ""

    @property
    def ending(self) -> Event | None:
        """How the pipeline ended; None if it never started or never ended."""
        last = self.pipeline[-1] if self.pipeline else None
        return None if last is None or last.subject == "started" else last

    def ended(self, how: str) -> Event | None:
        """The pipeline's ending, if it `returned`, `raised`, was `cancelled` or `stopped`."""
        ending = self.ending
        return ending if ending is not None and ending.subject == how else None

    @property
    def cut_short(self) -> Event | None:
        """The pipeline's ending, if it noticed a cancel, or was stopped after one was asked for."""
        stopped = self.ended("stopped")
        if stopped is None:
            return self.ended("cancelled")
        asked = (
            each.asked.number
            for each in self.requests
            if each.subject.startswith("cancel") and not each.refused
        )
        return stopped if any(number < stopped.number for number in asked) else None

    def first(self, words: frozenset[str]) -> Event | None:
        """The first transition into one of these words."""
        return next((event for event in self.transitions if event.value in words), None)

    def is_undecided(self, number: int, terminal: frozenset[str]) -> bool:
        """Whether its work was at hand or under way at the event of that number, for all to see."""
        begun = any(event.subject == "started" for event in self.pipeline)
        ended = any(event.subject != "started" and event.number < number for event in self.pipeline)
        gone = any(
            event.number < number and (not event.value or event.value in terminal)
            for event in self.transitions
        )
        return begun and not ended and not gone

    def is_known(self, number: int) -> bool:
        """Whether the manager that is asked at the event of that number must know it.

        It answered its start before, or has its work done; a run of another manager is not.
        """
        starts = [each for each in self.requests if each.subject == "start" and not each.raised]
        begun = any(event.subject == "started" and event.number < number for event in self.pipeline)
        return any(begun or (each.reply and each.reply.number < number) for each in starts)

    def shown(self, number: int) -> Event | None:
        """The last transition before the event of that number."""
        before = None
        for event in self.transitions:
            if event.number > number:
                break
            before = event
        return before


@dataclass(frozen=True, slots=True)
class Facts:
    """What a history says, up to the event where it got stuck, if it did.

    What comes after a STUCK event is the harness ending the target's threads: no fact about the
    target.

    Attributes:
        runs: Each run that the history tells of, by id.
        transitions: All STATUS events.
        requests: All requests, in the order in which they were asked.
        may_cancel: Subjects of those that can be why a run is cancelled.
        leaks: All LEAK events.
        threads: The THREAD events of threads that started.
        escapes: The THREAD events of exceptions that left a thread's function.
        deaths: The THREAD events with subject `died` of actor `process`, which takes every process
            with it, or of `process@NAME`, which takes only that one.
        terminal: The words after which nothing may follow.
        stuck: Where the schedule got stuck; None if it did not.
        settled: The SETTLED event, if what the database showed last is final.
        deaths_by: The deaths by the process that died; those of actor `process` under no name.
        general: The requests that name no run and may be why one is cancelled, such as closing.
        trouble: The STRIKE and ERROR events: what may be why a call fails.
        rows: The last ROWS event of each query, by its text.
        unattributed: Whether work was done of which it is not known for which of several runs.
        doubt: Why a history in which nothing breaks a rule still proves nothing; None if it does.
    """

    runs: Mapping[int, RunFacts]
    transitions: tuple[Event, ...]
    requests: tuple[Request, ...]
    may_cancel: tuple[str, ...]
    leaks: tuple[Event, ...]
    threads: tuple[Event, ...]
    escapes: tuple[Event, ...]
    deaths: tuple[Event, ...]
    terminal: frozenset[str]
    stuck: Event | None
    settled: Event | None
    deaths_by: Mapping[str, tuple[Event, ...]]
    general: tuple[Request, ...]
    trouble: tuple[Event, ...]
    rows: Mapping[str, Event]
    unattributed: bool
    doubt: Finding | None

    def may_be_cancelled(self, run: RunFacts, before: int) -> bool:
        """Whether a request made before the event of that number may cancel the run.

        One that names no run, such as closing, concerns the runs of its own process.
        """
        return any(
            request.asked.number < before
            and request.subject in self.may_cancel
            and not request.refused
            and (request.run is not None or request.process in run.owners)
            for request in (*run.requests, *self.general)
        )

    def closing(self, process: str, before: int) -> bool:
        """Whether a manager of that process was asked to close before the event of that number."""
        return any(
            request.subject == "close"
            and request.process == process
            and request.asked.number < before
            for request in self.requests
        )

    def troubled(self, begin: int, end: int) -> bool:
        """Whether a fault struck, or an operation failed, between the events of these numbers."""
        return any(begin < event.number < end for event in self.trouble)

    def deaths_of(self, run: RunFacts) -> tuple[Event, ...]:
        """The deaths that struck an owner of the run, in order."""
        return self.deaths_in(run.owners)

    def deaths_in(self, processes: Iterable[str]) -> tuple[Event, ...]:
        """The deaths that struck one of the processes, in order."""
        struck = {_EVERY, *processes}
        return tuple(sorted(event for name in struck for event in self.deaths_by.get(name, ())))

    @classmethod
    def of(cls, history: History) -> Facts:
        """Read a history."""
        told: defaultdict[EventKind, list[Event]] = defaultdict(list)
        stuck = None
        for event in history.events:
            kind = event.kind
            if kind in _TELLING:
                told[kind].append(event)
            elif kind is EventKind.STUCK:
                stuck = event
                break
        threads = told[EventKind.THREAD]
        deaths = tuple(e for e in threads if e.subject == "died" and _is_process(e.actor))
        requests = _requests(told[EventKind.REQUEST], told[EventKind.REPLY])
        accepted = [
            request.reply._replace(run=request.run)
            for request in requests
            if request.reply is not None and request.accepts_cancel
        ]
        terminal = history.vocabulary.terminal
        about_runs = (
            told[EventKind.STATUS],
            _attributed(told[EventKind.PIPELINE], told[EventKind.STATUS], terminal),
            told[EventKind.SIGNAL],
            accepted,
        )
        settled = None if stuck else _settled(told, deaths)
        return cls(
            runs=_runs(requests, _grouped(deaths), *about_runs),
            transitions=tuple(told[EventKind.STATUS]),
            requests=requests,
            may_cancel=history.may_cancel,
            leaks=tuple(told[EventKind.LEAK]),
            threads=tuple(event for event in threads if event.subject == "started"),
            escapes=tuple(event for event in threads if event.subject == "escaped"),
            deaths=deaths,
            terminal=terminal,
            unattributed=any(event.run is None for event in about_runs[1]),
            stuck=stuck,
            settled=settled,
            deaths_by=_grouped(deaths),
            general=tuple(
                each for each in requests if each.run is None and each.subject in history.may_cancel
            ),
            trouble=tuple(
                sorted(told[EventKind.STRIKE] + told[EventKind.ERROR], key=itemgetter(0))
            ),
            rows={event.subject: event for event in told[EventKind.ROWS]},
            doubt=_doubt(stuck, settled, about_runs),
        )


def _requests(asked: list[Event], replies: list[Event]) -> tuple[Request, ...]:
    """Pair each reply with what its actor asked last under the same subject."""
    requests: list[Request] = []
    unanswered: dict[tuple[str, str], int] = {}
    for event in sorted(asked + replies, key=itemgetter(0)):
        key = (event.actor, event.subject)
        if event.kind is EventKind.REQUEST:
            unanswered[key] = len(requests)
            requests.append(Request(event, None, event.run))
        elif (place := unanswered.pop(key, None)) is None:
            requests.append(Request(event, event, _run_of(event, event)))
        else:
            request = requests[place].asked
            requests[place] = Request(request, event, _run_of(request, event))
    return tuple(requests)


_LONGEST_ID = 19
"""Digits of SQLite's largest rowid, 9223372036854775807."""


def _run_of(asked: Event, reply: Event) -> int | None:
    if reply.run is not None:
        return reply.run
    value = reply.value
    if asked.subject.startswith("start") and value.isdecimal() and len(value) <= _LONGEST_ID:
        return int(value)
    return asked.run


def _attributed(
    pipeline: list[Event], transitions: list[Event], terminal: frozenset[str]
) -> list[Event]:
    """A pipeline that is not told its run's id is that of the only run that is active then."""
    runs = {event.run for event in transitions}
    if len(runs) == 1:
        (run,) = runs
        return [event if event.run is not None else event._replace(run=run) for event in pipeline]
    of_actor: dict[str, int | None] = {}
    attributed: list[Event] = []
    for event in pipeline:
        if event.subject == "started":
            shown = {each.run: each.value for each in transitions if each.number < event.number}
            active = [run for run, status in shown.items() if status and status not in terminal]
            of_actor[event.actor] = active[0] if len(active) == 1 else None
        run = of_actor.get(event.actor) if event.run is None else event.run
        attributed.append(event._replace(run=run))
    return attributed


def _is_process(actor: str) -> bool:
    return actor.partition("@")[0] == "process"


def _grouped(deaths: Iterable[Event]) -> dict[str, tuple[Event, ...]]:
    by: defaultdict[str, list[Event]] = defaultdict(list)
    for death in deaths:
        by[process_of(death.actor)].append(death)
    return {process: tuple(events) for process, events in by.items()}


def _runs(
    requests: Sequence[Request],
    deaths: Mapping[str, Sequence[Event]],
    *events: Iterable[Event],
) -> dict[int, RunFacts]:
    tables: list[defaultdict[int, list[Event]]] = []
    for each in events:
        table: defaultdict[int, list[Event]] = defaultdict(list)
        for event in each:
            if event.run is not None:
                table[event.run].append(event)
        tables.append(table)
    asked: defaultdict[int, list[Request]] = defaultdict(list)
    for request in requests:
        if request.run is not None:
            asked[request.run].append(request)
    runs: dict[int, RunFacts] = {}
    for run in sorted({run for table in tables for run in table}):
        status, pipeline, signals, accepted = (tuple(table.get(run, ())) for table in tables)
        owners = {each.process for each in asked[run] if each.starts and not each.raised}
        owners |= {process_of(event.actor) for event in pipeline}
        if not owners:
            owners = _possible_owners(status, requests, deaths)
        runs[run] = RunFacts(
            run, status, pipeline, signals, accepted, tuple(asked[run]), frozenset(owners)
        )
    return runs


def _possible_owners(
    transitions: Sequence[Event],
    requests: Iterable[Request],
    deaths: Mapping[str, Sequence[Event]],
) -> set[str]:
    """The processes that were in a start when the row was inserted."""
    row = transitions[0].number if transitions and not transitions[0].subject else -1
    return {
        each.process
        for each in requests
        if each.starts
        and each.asked.number < row
        and (each.reply is None or each.reply.number > row)
        and all(death.number > row for death in deaths.get(each.process, ()))
    } or {_EVERY}


def _settled(told: Mapping[EventKind, list[Event]], deaths: tuple[Event, ...]) -> Event | None:
    """The last SETTLED event, unless a run or a process went on after it."""
    if not told[EventKind.SETTLED]:
        return None
    settled = told[EventKind.SETTLED][-1]
    for events in (told[EventKind.STATUS], told[EventKind.PIPELINE], deaths):
        if events and events[-1].number > settled.number:
            return None
    return settled


def _doubt(
    stuck: Event | None, settled: Event | None, about_runs: Iterable[Iterable[Event]]
) -> Finding | None:
    for events in about_runs:
        for event in events:
            if event.run is None:
                return unknown(
                    f"the history does not say which run event {event.number} "
                    f"({event.kind}) is about",
                    event,
                )
    if stuck is not None and stuck.subject == "uncontrolled":
        return unknown(f"not under control: {stuck.value} (event {stuck.number})", stuck)
    if stuck is not None:
        return unknown(
            f"the schedule ended in a {stuck.subject} (event {stuck.number}); "
            "later events are unknown",
            stuck,
        )
    if settled is None:
        return unknown("the history ends before everything has settled")
    return None
