"""Where something can happen: one operation of one actor, counted."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import NamedTuple


class Operation(StrEnum):
    """An operation that an actor is about to perform at a point."""

    CONNECT = "connect"
    EXECUTE = "execute"
    FETCH = "fetch"
    COMMIT = "commit"
    ROLLBACK = "rollback"
    CLOSE = "close"
    SPAWN = "spawn"
    """Starting a thread; the subject is the new actor's name."""
    ACQUIRE = "acquire"
    """Taking a lock; the subject is the name the program gave it."""
    JOIN = "join"
    SLEEP = "sleep"
    LINE = "line"
    """A line of the program that uses what other threads may use; the subject is its place."""
    CALL = "call"
    """Using what is none of the program's own; the subject is which: `client.close`, `queue.put`,
    `queue.full`, `subscriber`. A fault can strike there, and no thread is switched."""
    TASK = "task"
    """A step of a task, from an await to the next; the subject is the task's name."""
    REACH = "reach"
    """A milestone of the harness's own script: `started`, `pipeline`, `settled`, ..., or
    `resumed`: one of the actor's waits has ended."""

    @property
    def touches_database(self) -> bool:
        """Whether an SQLite error can strike here at all."""
        return self in _DATABASE_OPERATIONS

    @property
    def can_be_struck(self) -> bool:
        """Whether any fault can strike here."""
        return self.touches_database or self in {Operation.SPAWN, Operation.CALL}


ENDING = frozenset({Operation.COMMIT, Operation.ROLLBACK})
"""The operations that end a transaction."""


_DATABASE_OPERATIONS = frozenset(
    {
        Operation.CONNECT,
        Operation.EXECUTE,
        Operation.FETCH,
        Operation.COMMIT,
        Operation.ROLLBACK,
        Operation.CLOSE,
    }
)

_TEXT = re.compile(
    r"(?P<actor>\S+) (?P<operation>[a-z]+)"
    r"(?: (?P<subject>[^#]*[^#\s]))?(?: #(?P<ordinal>[1-9]\d*))?"
)


class FaultPoint(NamedTuple):
    """One place where a fault can strike, a cancel can arrive or a thread can be preempted.

    Its text form is `actor operation [subject] [#ordinal]`, for example
    `run execute UPDATE runs #2`, `run commit` or `run line jobs.py:Jobs.decide+2`.

    Attributes:
        actor: Who performs the operation: `user`, `run`, `cancel`, ...
        operation: What is performed.
        subject: What it is about: SQL verb and table (`UPDATE runs`), the name of a lock, a
            milestone, a line counted from the first one of its function, a task; empty where the
            operation says it all.
        ordinal: Which occurrence of (actor, operation, subject) in the schedule, from 1.
    """

    actor: str
    operation: Operation
    subject: str = ""
    ordinal: int = 1

    @property
    def life(self) -> int:
        """The life in which it is, from 1: the actors of the second are called `name@2`."""
        _, _, number = self.actor.partition("@")
        return int(number) if number.isdecimal() else 1

    def in_its_life(self) -> FaultPoint:
        """The point as the life itself calls it."""
        return self._replace(actor=self.actor.partition("@")[0])

    def __str__(self) -> str:
        subject = f" {self.subject}" if self.subject else ""
        ordinal = f" #{self.ordinal}" if self.ordinal > 1 else ""
        return f"{self.actor} {self.operation}{subject}{ordinal}"

    @classmethod
    def parse(cls, text: str) -> FaultPoint:
        """Read the text form.

        Raises:
            ValueError: if the text is not a point; the message says what a point looks like.
        """
        match = _TEXT.fullmatch(text.strip())
        operations = ", ".join(Operation)
        if match is None or match["operation"] not in set(Operation):
            raise ValueError(
                f"{text!r} is not a point; write 'actor operation [subject] [#ordinal]', for "
                f"example 'run execute UPDATE runs #2', with one of the operations {operations}"
            )
        return cls(
            match["actor"],
            Operation(match["operation"]),
            match["subject"] or "",
            int(match["ordinal"] or 1),
        )
