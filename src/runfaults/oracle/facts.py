"""What a history says about each run, read once for all rules."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter

from runfaults.model import Event, EventKind, History
from runfaults.model.element import CANCEL_TASK
from runfaults.oracle.finding import Finding, unknown
from runfaults.oracle.request import Request, paired, process_of
from runfaults.oracle.run_facts import RunFacts

_TELLING = frozenset(
    {
        EventKind.STATUS,
        EventKind.VOLATILE,
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


_ENDED_WITH_ITS_PROCESS = ("deadlock", "livelock")
"""How threads may run on in a program whose user has pressed Ctrl-C: no caller waits for them."""

_EVERY = ""
"""The process of actors whose name has none. Its death takes every process with it."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What a history says, up to the event where it got stuck, if it did.

    What comes after a STUCK event is the harness ending the target's threads: no fact about the
    target.

    Attributes:
        runs: Each run that the history tells of, by id.
        transitions: All STATUS events.
        volatile: All VOLATILE events.
        work: All PIPELINE events, each with the run that it told itself.
        requests: All requests, in the order in which they were asked.
        may_cancel: Subjects of those that can be why a run is cancelled.
        leaks: All LEAK events.
        threads: The THREAD events of threads that started.
        escapes: The THREAD events of exceptions that left a thread's function.
        deaths: The THREAD events with subject `died` of actor `process`, which takes every process
            with it, or of `process@NAME`, which takes only that one.
        terminal: The words after which nothing may follow.
        stuck: Where the schedule got stuck; None if it did not.
        settled: The SETTLED event, or where threads ran on after Ctrl-C, if what the database
            showed last is final.
        deaths_by: The deaths by the process that died; those of actor `process` under no name.
        general: The requests that name no run and may be why one is cancelled, such as closing.
        trouble: What may be why a call fails: the STRIKE and ERROR events, the cancels of tasks.
        rows: The last ROWS event of each query, by its text.
        interrupted: Whether `KeyboardInterrupt` was raised in the user's thread.
        unattributed: Whether work was done of which it is not known for which of several runs.
        doubt: Why a history in which nothing breaks a rule still proves nothing; None if it does.
    """

    runs: Mapping[int, RunFacts]
    transitions: tuple[Event, ...]
    volatile: tuple[Event, ...]
    work: tuple[Event, ...]
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
    interrupted: bool
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
        requests = paired(told[EventKind.REQUEST], told[EventKind.REPLY])
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
        interrupted = any(event.subject == "interrupted" for event in threads)
        settled = None if stuck else _settled(told, deaths)
        if stuck and interrupted and stuck.subject in _ENDED_WITH_ITS_PROCESS:
            stuck, settled = None, stuck
        return cls(
            runs=_runs(requests, _grouped(deaths), *about_runs),
            transitions=tuple(told[EventKind.STATUS]),
            volatile=tuple(told[EventKind.VOLATILE]),
            work=tuple(told[EventKind.PIPELINE]),
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
                sorted(
                    told[EventKind.STRIKE]
                    + told[EventKind.ERROR]
                    + [each.asked for each in requests if each.subject == CANCEL_TASK],
                    key=itemgetter(0),
                )
            ),
            interrupted=interrupted,
            rows={event.subject: event for event in told[EventKind.ROWS]},
            doubt=_doubt(stuck, settled, about_runs),
        )


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
    """The last SETTLED event, unless a run or a process was active after it."""
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
                remedy = "; give `work` the run's id" * (event.kind is EventKind.PIPELINE)
                return unknown(
                    f"the history does not say which run event {event.number} "
                    f"({event.kind}) is about{remedy}",
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
