"""A history: an append-only list of events."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import NamedTuple

from runfaults.model.schedule import Schedule
from runfaults.model.vocabulary import Vocabulary

TOLD_TO = "as it was told to"
"""Value of a pipeline's `stopped` that noticed a cancel, and could only return."""


class EventKind(StrEnum):
    """The sort of an event, and what its `subject` and `value` then say."""

    INVOKE = "invoke"
    """An actor begins an operation: subject = the point's text, value = the SQL statement."""
    OK = "ok"
    """The operation invoked last by this actor returned: value = what it returned, if told."""
    ERROR = "error"
    """The operation invoked last by this actor raised: value = `Class: message [NAME]`."""
    STRIKE = "strike"
    """A fault strikes the operation invoked last: subject = fault kind, value = what it leaves."""
    WAIT = "wait"
    """The actor is blocked: subject = what it waits for (`lock NAME`, `database`, `sleep`,
    `thread NAME`, `notification`), value = who holds it, if known."""
    STATUS = "status"
    """A status transition was committed: run, subject = old status (empty: inserted),
    value = new status (empty: row deleted). Read from the audit trigger."""
    VOLATILE = "volatile"
    """A loss of power can undo the transition that was committed right before: run, subject = the
    settings of the connection, value = what can happen; or, with subject `synchronised`, it no
    longer can."""
    PIPELINE = "pipeline"
    """The scripted pipeline: run, subject = `started`, `returned`, `raised`, `cancelled`, or
    `stopped` where it did half of its work: value = `TOLD_TO` if it noticed a cancel and returned,
    else the exception as `Class: message`, or nothing where it returned, as its client was closed
    under it. Or, at the end, `lost`: it had returned with a
    transaction open, and what was in it is not in the database."""
    REQUEST = "request"
    """A user asks the manager: subject = `start`, `cancel`, `cancel-api`, ..., run if known."""
    REPLY = "reply"
    """The manager answers: subject as in the request, value = the answer as text (`True`,
    `False`, the run's id, or `raised Class: message`)."""
    SIGNAL = "signal"
    """A subscriber hears the completion signal: run, subject = the subscriber, value = status."""
    THREAD = "thread"
    """A thread of the target: subject = `started`, `ended` or `escaped`, value = for `escaped`
    the exception that left the thread's function. Or that of the user: `interrupted`, value = the
    exception that was raised in it from outside."""
    LEAK = "leak"
    """Found at the end: subject = `thread`, `connection`, `transaction`, `lock`, `subscriber` or
    `cancel-event`, value = which one."""
    ROWS = "rows"
    """The harness asked the database a query of a rule, right before all was settled: subject = the
    query, value = the rows that it found (empty: none), or `raised Class: message`."""
    STUCK = "stuck"
    """The schedule is stuck: subject = `deadlock`, `livelock` or `hang`, value = which
    actor waits for which, or the stacks; or it proves nothing: subject = `uncontrolled`, value =
    what happened where no scheduler or gate sees it."""
    SETTLED = "settled"
    """All faults are lifted and nothing can happen any more: the last state is final."""


class Event(NamedTuple):
    """One thing that happened.

    Attributes:
        number: Position in the history, from 0.
        time: Virtual seconds since the schedule began.
        actor: Who did it; `database` for status transitions.
        kind: What sort of event.
        subject: See `EventKind`.
        value: See `EventKind`.
        run: Id of the run it is about, if any.
    """

    number: int
    time: float
    actor: str
    kind: EventKind
    subject: str = ""
    value: str = ""
    run: int | None = None

    def __str__(self) -> str:
        run = "" if self.run is None else f" run={self.run}"
        value = f" -> {self.value}" if self.value else ""
        return f"{self.number} {self.time:.6f} {self.actor} {self.kind}{run} {self.subject}{value}"


@dataclass(frozen=True, slots=True)
class History:
    """All that happened under one schedule.

    Attributes:
        target: Name of the system under test.
        schedule: What was asked for.
        vocabulary: What the recorded statuses mean.
        events: In the order in which they happened.
        may_cancel: Subjects of the requests that can be why a run is cancelled.
        places: Where in the target's code an event came from, as (event number, lines of a stack,
            the outermost first), if that was asked for. No part of the canonical text.
        printed: What the target's threads printed meanwhile, if places were asked for. No part of
            the canonical text either.
    """

    target: str
    schedule: Schedule
    vocabulary: Vocabulary
    events: tuple[Event, ...]
    may_cancel: tuple[str, ...] = ()
    places: tuple[tuple[int, str], ...] = ()
    printed: str = ""

    def text(self) -> str:
        """The canonical text: equal texts mean equal histories."""
        lines = [f"target {self.target}", f"schedule {self.schedule}", *map(str, self.events)]
        return "\n".join(lines) + "\n"

    def digest(self) -> str:
        """SHA-256 of the canonical text, in hexadecimal."""
        return sha256(self.text().encode()).hexdigest()
