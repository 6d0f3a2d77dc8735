"""A history as rows and lanes: time downwards, a lane for each actor."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
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
    def notable(self) -> bool:
        """Whether this is the first difference, a strike, or proof."""
        step = self.pair.failing
        proves = step is not None and (step.decisive or step.find(EventKind.STRIKE) is not None)
        return self.pair.first_difference or proves

    @property
    def ordinary(self) -> bool:
        """Whether it is what happens in every run: nothing waits, goes wrong, or is recorded.

        What the neighbour did too is ordinary even if an actor waited.
        """
        step = self.pair.failing
        if step is None or self.notable or step.went_wrong or step.statuses:
            return False
        if self.pair.alike:
            return step.kind is not EventKind.PIPELINE
        return (
            self.pair.passing is None
            and step.kind in _ORDINARY
            and not step.waiting
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
    history: History,
    judgements: Iterable[Judgement],
    neighbour: History | None = None,
    *,
    most: int | None = 300,
) -> Swimlanes:
    """Put every step into its lane.

    Args:
        history: What happened.
        judgements: What the rules say of it.
        neighbour: What to show beside it.
        most: Of a history with more steps, only the beginning, the end, what is near the first
            difference or strike, and what proves the verdict are kept: a livelock has tens of
            thousands of steps that are all the same. None: show all.
    """
    pairs = compare(steps(history, judgements), steps(neighbour) if neighbour else ())
    if most is not None and len(pairs) > most:
        pairs = tuple(_shortened(pairs, most))
    actors = lanes(history)
    rows = tuple(_rows(pairs, actors, history.vocabulary))
    return Swimlanes(actors, rows, neighbour is not None)


def _shortened(pairs: tuple[Pair, ...], most: int) -> Iterator[Pair]:
    """The pairs worth keeping, with a pair that counts them where others are left out."""
    part = most // 4
    differing = (number for number, pair in enumerate(pairs) if pair.first_difference)
    struck = (
        number
        for number, pair in enumerate(pairs)
        if pair.failing and pair.failing.find(EventKind.STRIKE)
    )
    centre = next(differing, next(struck, 0))

    def kept(numbered: tuple[int, Pair]) -> bool:
        number, pair = numbered
        return (
            number < part
            or centre - part <= number < centre + part
            or number >= len(pairs) - part
            or (pair.failing is not None and pair.failing.decisive)
        )

    for shown, group in groupby(enumerate(pairs), key=kept):
        together = [pair for _, pair in group]
        if shown:
            yield from together
        else:
            yield Pair(None, None, alike=False, left_out=len(together))


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
    """The other actor that holds the lock that is waited for; empty if there is none."""
    holds = wait.subject == DATABASE or wait.subject.startswith("lock ")
    return wait.value if holds and wait.value != wait.actor else ""


def _meaning(transitions: Iterable[Event], vocabulary: Vocabulary) -> str:
    """The status after the last of the transitions; empty if there is none."""
    words = [event.value for event in transitions]
    if not words:
        return ""
    if not words[-1]:
        return "absent"
    meanings = ("active", "completed", "cancelled", "failed", "interrupted")
    return next((each for each in meanings if words[-1] in getattr(vocabulary, each)), "other")


def fold(rows: Sequence[Row], *, briefly: bool = False) -> Iterator[Block]:
    """The rows in blocks: ordinary ones together, where there are enough of them to fold away.

    From where things begin to go wrong to the last thing that a reader looks for, every row is
    shown, unless it is to be told briefly.
    """
    notable = [] if briefly else [number for number, row in enumerate(rows) if row.notable]
    shown = range(_beginning(rows, notable), notable[-1] + 1) if notable else range(0)

    def ordinary(numbered: tuple[int, Row]) -> bool:
        number, row = numbered
        return row.ordinary and number not in shown

    for may_fold, group in groupby(enumerate(rows), key=ordinary):
        block = tuple(row for _, row in group)
        yield Block(may_fold and len(block) >= _FEWEST_FOLDED, block)


def _beginning(rows: Sequence[Row], notable: list[int]) -> int:
    """Of the trouble: a fault or the first difference, else the end of the pipeline, else proof."""
    for number in notable:
        step = rows[number].pair.failing
        if rows[number].pair.first_difference or (step and step.find(EventKind.STRIKE)):
            return number
    for number, row in enumerate(rows[: notable[-1]]):
        step = row.pair.failing
        if step and step.kind is EventKind.PIPELINE and step.events[0].subject != "started":
            return min(number, notable[-1])
    return notable[0]


def belongs_to_no_lane(step: Step, swimlanes: Swimlanes) -> bool:
    """Whether the step is the harness's own: what it found when all was over."""
    return step.actor not in (*swimlanes.actors, DATABASE)
