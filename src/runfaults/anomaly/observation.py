"""What one repetition has shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from runfaults.anomaly.database_state import DatabaseState
from runfaults.anomaly.ending import Ending
from runfaults.sqlite.survey import Surveyed

Databases = tuple[DatabaseState, ...]
"""In the order in which they were opened first: their names may be random."""


@dataclass(frozen=True, slots=True)
class Left:
    """What a call has left behind, the fault lifted.

    Attributes:
        locked: The database files that a connection keeps others from writing to.
        transactions: How many connections have a transaction open that they had not when the call
            began.
    """

    locked: tuple[str, ...] = ()
    transactions: int = 0


@dataclass(frozen=True, slots=True)
class Observation:
    """One repetition: what the databases were, what the call did, and what it left.

    Attributes:
        ending: How the call ended.
        paths: Their files.
        before: The databases when it began.
        now: After it, the fault lifted; None if a lock keeps readers out.
        left: Locks and transactions.
        again: How the same call on the same objects ended afterwards; None if it was not called.
        final: The databases after that; None if it was not called, or they cannot be read.
        points: The operations, if the repetition was a survey.
        operations: How many the call performed.
        struck: How many of them the fault struck.
        struck_elsewhere: It struck another thread than the caller's.
        changed: Why the point was not reached again; empty if it did.
        deaths: Threads that ended by an exception, in a line each.
        afterwards: What went wrong in the test behind the call; empty if nothing did.
    """

    ending: Ending
    paths: tuple[str, ...]
    before: Databases
    now: Databases | None
    left: Left
    again: Ending | None = None
    final: Databases | None = None
    points: tuple[Surveyed, ...] = ()
    operations: int = 0
    struck: int = 0
    struck_elsewhere: bool = False
    changed: str = ""
    deaths: tuple[str, ...] = ()
    afterwards: Mapping[str, str] | None = None
