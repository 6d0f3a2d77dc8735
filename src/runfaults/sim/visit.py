"""Another process visits: it opens the database, does one act with a manager of its own, and ends.

This one stands still meanwhile, as a process does that waits for an answer, or is not scheduled.
What its memory holds (a lock, a registry in a module) is of no use to the visitor; what the
database, the files beside it and the kernel hold, is.
"""

from __future__ import annotations

from dataclasses import dataclass

from runfaults.model import History, Schedule
from runfaults.sim.stage import ActKind, Stage
from runfaults.targets.target import Cancels, CancelsByRoute, CancelsInDatabase

LONGEST = 1.0
"""Virtual seconds that this process can be taken to stand still: no lease runs out in them."""


@dataclass(frozen=True, slots=True)
class Visit:
    """What a visitor is to do.

    Attributes:
        act: The act.
        number: Which process it is; the one that it visits is the first.
        surroundings: The schedule, without its elements.
        database: The database's path.
        clock: Virtual seconds since the schedule began.
        seen: How many rows the audit has.
        known: The runs that there are.
        run: The one that the user started, if there is one.
        with_places: Whether it is noted where each operation was called from.
    """

    act: str
    number: int
    surroundings: Schedule
    database: str
    clock: float
    seen: int
    known: tuple[int, ...]
    run: int | None
    with_places: bool


@dataclass(frozen=True, slots=True)
class Visited:
    """What a visitor did.

    Attributes:
        history: Its own, numbered and timed from its beginning.
        seconds: Virtual seconds that it took.
        kept_out: Why it proves nothing, in a phrase; empty if it does.
    """

    history: History
    seconds: float
    kept_out: str = ""


def _starts(stage: Stage, actor: str) -> None:
    stage.visit(actor, "start")


def _cancels(stage: Stage, actor: str) -> None:
    stage.await_run()
    stage.visit(actor, "cancel-api")


PROCESS_STARTS = ActKind(
    "process-starts",
    "Another process opens the database, tries to start a run, waits for its end and closes.",
    _starts,
    needs_run=False,
    of_process=True,
)

PROCESS_CANCELS = ActKind(
    "process-cancels",
    "Another process opens the database, cancels the run as cancel-api does, and closes.",
    _cancels,
    of_process=True,
    doors=(Cancels, CancelsByRoute, CancelsInDatabase),
)
