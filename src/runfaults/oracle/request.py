"""What users asked of the manager, and what it answered."""

from __future__ import annotations

from operator import itemgetter
from typing import NamedTuple

from runfaults.model import Event, EventKind


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


def paired(asked: list[Event], replies: list[Event]) -> tuple[Request, ...]:
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
