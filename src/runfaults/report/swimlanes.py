"""A history as rows and lanes, for those who draw it: time downwards, a lane for each actor."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

from runfaults.model import Event, EventKind, History, Judgement, Vocabulary
from runfaults.report.comparison import Pair, compare
from runfaults.report.steps import DATABASE, Step, lanes, steps

_ENDS_WAIT = frozenset({EventKind.OK, EventKind.ERROR})
_ORDINARY = frozenset({EventKind.INVOKE, EventKind.OK, EventKind.THREAD})
_FEWEST_FOLDED = 3


@dataclass(frozen=True, slots=True)
class Lane:
    """A cell: what an actor does in one row.

    Attributes:
        step: What it does, if anything.
        bar: `waiting` where the actor waits, `holding` where it holds what another one waits for;
            else empty.
    """

    step: Step | None
    bar: str


@dataclass(frozen=True, slots=True)
class Row:
    """A row: one step of the history, or one that only the neighbour has.

    Attributes:
        pair: The step, and what the neighbour did instead.
        cells: One for each lane.
        status: What the status in the database means after this row: `active`, `completed`,
            `cancelled`, `failed`, `interrupted`, `absent`, or `other`.
        other_status: The same, in the neighbour.
    """

    pair: Pair
    cells: tuple[Lane, ...]
    status: str
    other_status: str

    @property
    def ordinary(self) -> bool:
        """Whether nothing that a reader looks for happens here, so that it may be folded away."""
        step = self.pair.failing
        return (
            step is not None
            and (self.pair.alike or self.pair.passing is None)
            and not self.pair.first_difference
            and step.kind in _ORDINARY
            and not (step.decisive or step.went_wrong or step.statuses or step.waiting)
            and step.find(EventKind.STRIKE) is None
            and not any(cell.bar == "holding" for cell in self.cells)
        )


@dataclass(frozen=True, slots=True)
class Block:
    """Rows that are shown, or folded away, together."""

    folded: bool
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Swimlanes:
    """A history, arranged, with its neighbour beside it.

    Attributes:
        actors: Names of the lanes; the database is not one of them.
        rows: In the order in which it happened.
        compared: Whether there is a neighbour.
    """

    actors: tuple[str, ...]
    rows: tuple[Row, ...]
    compared: bool


def arrange(
    history: History, judgements: Iterable[Judgement], neighbour: History | None = None
) -> Swimlanes:
    """Put every step into its lane."""
    actors = lanes(history)
    pairs = compare(steps(history, judgements), steps(neighbour) if neighbour else ())
    rows = tuple(_rows(pairs, actors, history.vocabulary))
    return Swimlanes(actors, rows, neighbour is not None)


def _rows(pairs: Iterable[Pair], actors: tuple[str, ...], vocabulary: Vocabulary) -> Iterator[Row]:
    status, other_status = "absent", "absent"
    waits: dict[str, str] = {}
    for pair in pairs:
        step = pair.failing
        if step is not None:
            waits.pop(step.actor, None)
            wait = step.find(EventKind.WAIT)
            if wait is not None:
                waits[step.actor] = _holder(wait)
            status = _meaning(step.statuses, vocabulary) or status
        if pair.passing is not None:
            other_status = _meaning(pair.passing.statuses, vocabulary) or other_status
        bars = dict.fromkeys(waits, "waiting") | dict.fromkeys(
            filter(None, waits.values()), "holding"
        )
        cells = (
            Lane(step if step and step.actor == actor else None, bars.get(actor, ""))
            for actor in actors
        )
        yield Row(pair, tuple(cells), status, other_status)
        if step is not None and any(event.kind in _ENDS_WAIT for event in step.events):
            waits.pop(step.actor, None)


def _holder(wait: Event) -> str:
    """Who holds the lock that is waited for; empty if nobody, or nobody else, does."""
    holds = wait.subject == DATABASE or wait.subject.startswith("lock ")
    return wait.value if holds and wait.value != wait.actor else ""


def _meaning(transitions: Iterable[Event], vocabulary: Vocabulary) -> str:
    """What the last of the transitions makes of the status; empty if there is none."""
    words = [event.value for event in transitions]
    if not words:
        return ""
    if not words[-1]:
        return "absent"
    meanings = ("active", "completed", "cancelled", "failed", "interrupted")
    return next((each for each in meanings if words[-1] in getattr(vocabulary, each)), "other")


def fold(rows: Iterable[Row]) -> Iterator[Block]:
    """The rows in blocks: ordinary ones together, where there are enough of them to fold away."""
    for ordinary, group in groupby(rows, key=lambda row: row.ordinary):
        block = tuple(group)
        yield Block(ordinary and len(block) >= _FEWEST_FOLDED, block)


def belongs_to_no_lane(step: Step, swimlanes: Swimlanes) -> bool:
    """Whether the step is the harness's own: what it found when all was over."""
    return step.actor not in (*swimlanes.actors, DATABASE)
