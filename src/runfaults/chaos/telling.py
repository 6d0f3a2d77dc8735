"""Tells a soak as one history: the journals of its processes, and the audit between them."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from runfaults.chaos.journal import ENDS, LAST, Entry
from runfaults.model import Event, EventKind, Vocabulary
from runfaults.sim.commits import TICK, Transition

_SLACK = TICK // 10
"""Nanoseconds by which two clocks may disagree."""

_ASKED = frozenset({"start", "cancel", "read", "subscribe", "close"})
_NOTHING = "None"
"""The signal of a subscription that has ended without one."""

_BEFORE, _AT, _AFTER = -1, 0, 1


class _Moment(NamedTuple):
    """A place in the order; of what happened at one time, a death comes before a commit."""

    at: int
    rank: int
    number: int


class _Told(NamedTuple):
    """An event before it has its number."""

    moment: _Moment
    actor: str
    kind: EventKind
    subject: str = ""
    value: str = ""
    run: int | None = None


def tell(
    entries: Sequence[Entry], transitions: Sequence[Transition], words: Vocabulary
) -> list[Event]:
    """All that happened in a soak, in order.

    Actors are `user@2.5` (`cancel@2.5` for its second thread) and `run@2.5`, where `2.5` is the
    process; its death is one of `process@2.5`.

    The order is that of the clocks. An audit's row bears the time of its statement, to a
    millisecond; its commit is later. It is placed after all that happened in its millisecond, and
    after the question of a user who was still told the status before; but before the first answer
    that tells of it, and before the end of its process. So within a millisecond the order that the
    target promises is assumed.

    A process that is killed dies between the signal and the end of its pipe: as late as that,
    unless its run is recorded interrupted before.

    Args:
        entries: All journals, in order of time.
        transitions: The audit, in the order of its commits.
        words: What the statuses mean.
    """
    moments = _commits(entries, transitions, words)
    told = [*_entries(entries), *_deaths(entries, transitions, moments, words)]
    told += [
        _Told(moment, "database", EventKind.STATUS, step.old, step.new, step.run)
        for moment, step in zip(moments, transitions, strict=True)
    ]
    return list(_numbered(sorted(told), words))


def owners(entries: Iterable[Entry]) -> dict[int, set[str]]:
    """The processes that are known to have worked on each run."""
    found: defaultdict[int, set[str]] = defaultdict(set)
    for entry in entries:
        started = (entry.what, entry.phase) == ("start", "reply")
        if entry.run is not None and (started or entry.what == "pipeline"):
            found[entry.run].add(entry.process)
    return found


def _numbered(told: Iterable[_Told], words: Vocabulary) -> Iterator[Event]:
    active: set[int] = set()
    begin: int | None = None
    for number, (moment, actor, kind, subject, value, run) in enumerate(told):
        begin = moment.at if begin is None else begin
        about = run
        if kind is EventKind.STATUS and run is not None:
            (active.add if value in words.active else active.discard)(run)
        elif kind is EventKind.PIPELINE and run is None and len(active) == 1:
            # Work that is not told its run's id is that of the only run there is.
            (about,) = active
        yield Event(number, (moment.at - begin) / 1e9, actor, kind, subject, value, about)


def _entries(entries: Iterable[Entry]) -> Iterator[_Told]:
    for number, entry in enumerate(entries):
        moment = _Moment(entry.at, _AFTER, number)
        if entry.what in _ASKED:
            actor = f"{'cancel' if entry.what == 'cancel' else 'user'}@{entry.process}"
            kind = EventKind.REQUEST if entry.phase == "invoke" else EventKind.REPLY
            yield _Told(moment, actor, kind, entry.what, entry.value, entry.run)
        elif entry.what == "pipeline":
            how, _, error = entry.value.partition(" ")
            yield _Told(moment, f"run@{entry.process}", EventKind.PIPELINE, how, error, entry.run)
        elif entry.what == "signal" and entry.value != _NOTHING:
            actor = f"user@{entry.process}"
            yield _Told(moment, actor, EventKind.SIGNAL, actor, entry.value, entry.run)


def _deaths(
    entries: Sequence[Entry],
    transitions: Sequence[Transition],
    moments: Sequence[_Moment],
    words: Vocabulary,
) -> Iterator[_Told]:
    owned = owners(entries)
    signalled = {entry.value: entry.at for entry in entries if entry.what in ENDS}
    recoveries = [
        (moment, owned.get(step.run, set[str]()))
        for moment, step in zip(moments, transitions, strict=True)
        if step.new in words.interrupted
    ]
    begins = [moment.at for moment, _ in recoveries]
    for number, entry in enumerate(entries):
        if entry.what != "gone":
            continue
        process, latest = entry.value, _Moment(entry.at, _AFTER, number)
        first = bisect_right(begins, signalled.get(process, entry.at))
        for moment, processes in recoveries[first:]:
            if moment >= latest:
                break
            if process in processes or not processes:
                latest = moment._replace(rank=_BEFORE)
                break
        yield _Told(latest, f"process@{process}", EventKind.THREAD, "died")


class _Answer(NamedTuple):
    """A line of a journal: what a user was told of a run, or how far it had come.

    Attributes:
        at: When.
        statuses: The statuses one of which it tells.
        asked: When the user had asked; 0 where it did not.
    """

    at: int
    statuses: frozenset[str]
    asked: int = 0


@dataclass(slots=True)
class _Answers:
    """Everything that tells how far one run had come, in order."""

    told: list[_Answer] = field(default_factory=list[_Answer])
    heard_of: list[int] = field(default_factory=list[int])

    def first_of(self, step: Transition) -> int | None:
        """When something first told of the transition."""
        times = (answer.at for answer in self.told if step.new in answer.statuses)
        known = (at for at in self.heard_of if not step.old)
        late = (at for at in (*times, *known) if at >= step.at - _SLACK)
        return min(late, default=None)

    def last_before(self, step: Transition, following: int | None) -> int:
        """When the last user asked who was told the status before the transition."""
        asked = (
            answer.asked
            for answer in self.told
            if answer.at >= step.at
            and answer.statuses == frozenset((step.old or "None",))
            and (following is None or answer.asked < following)
        )
        return max(asked, default=0)


def _answers(entries: Iterable[Entry], words: Vocabulary) -> Mapping[int, _Answers]:
    """The lines that tell how far each run had come."""
    found: defaultdict[int, _Answers] = defaultdict(_Answers)
    owned: defaultdict[str, set[int]] = defaultdict(set)
    last: dict[tuple[str, str, str, int | None], int] = {}
    for entry in entries:
        at, process, what, phase, run, value = entry
        last[process, what, phase, run] = at
        if what in {"gone", "left"}:
            # Its own process cannot have written it later, and only another one calls it dead.
            for each in owned[value or process]:
                found[each].told.append(_Answer(at, words.words - words.interrupted))
        if run is None:
            continue
        if (what, phase) == ("start", "reply") or what == "pipeline":
            owned[process].add(run)
            found[run].heard_of.append(at)
        elif (what, phase) == ("read", "reply"):
            asked = last.get((process, "read", "invoke", run), 0)
            found[run].told.append(_Answer(at, frozenset({value}), asked))
        elif what == "signal" and value == _NOTHING:
            # The subscription was over: at the latest when it was made, the run was.
            registered = last.get((process, "subscribe", "reply", run), at)
            found[run].told.append(_Answer(registered, words.terminal))
        elif what == "signal":
            found[run].told.append(_Answer(at, frozenset({value})))
    return found


def _commits(
    entries: Sequence[Entry], transitions: Sequence[Transition], words: Vocabulary
) -> list[_Moment]:
    """When each row of the audit was committed, as well as the answers tell."""
    answers = _answers(entries, words)
    following: dict[int, int] = {}
    earliest: list[int] = []
    latest: list[int] = []
    quiet = min((entry.at for entry in entries if entry.process == LAST), default=None)
    limit: int | None = None
    for step in reversed(transitions):
        about = answers.get(step.run, _Answers())
        # The last process begins when all others have ended.
        ended = quiet if quiet is not None and step.at < quiet else None
        limits = (about.first_of(step), ended, limit)
        limit = min((at for at in limits if at is not None), default=None)
        asked = about.last_before(step, following.get(step.run))
        earliest.append(max(step.at + TICK, asked + 1))
        latest.append(earliest[-1] if limit is None else limit)
        following[step.run] = step.at
    moments: list[_Moment] = []
    floor = 0
    for number, (begin, end) in enumerate(zip(reversed(earliest), reversed(latest), strict=True)):
        floor = max(floor, min(begin, end))
        moments.append(_Moment(floor, _AT, number))
    return moments
