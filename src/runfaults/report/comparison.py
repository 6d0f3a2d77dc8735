"""Two histories side by side: what went wrong, and its passing neighbour."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from runfaults.report.steps import Step, transition


@dataclass(frozen=True, slots=True)
class Pair:
    """Steps that belong beside each other.

    Attributes:
        failing: What happened; None where only the neighbour did something.
        passing: What happened in the neighbour; None where it did nothing of the kind, or
            where there is no neighbour.
        alike: Whether both did the same, with the same outcome.
        first_difference: Whether this is the first pair that is not alike.
    """

    failing: Step | None
    passing: Step | None
    alike: bool
    first_difference: bool = False


def compare(failing: Sequence[Step], passing: Sequence[Step]) -> tuple[Pair, ...]:
    """Align the steps of two histories; times do not matter, outcomes do.

    Without a neighbour (`passing` empty) no pair is alike and none is the first difference.
    """
    if not passing:
        return tuple(Pair(step, None, alike=False) for step in failing)
    pairs = list(_align(failing, passing))
    first = next((number for number, pair in enumerate(pairs) if not pair.alike), None)
    if first is not None:
        pairs[first] = Pair(
            pairs[first].failing, pairs[first].passing, alike=False, first_difference=True
        )
    return tuple(pairs)


def _align(failing: Sequence[Step], passing: Sequence[Step]) -> Iterator[Pair]:
    left, right = list(map(_key, failing)), list(map(_key, passing))
    matcher = SequenceMatcher(None, left, right, autojunk=False)
    for tag, a, a_end, b, b_end in matcher.get_opcodes():
        if tag == "equal":
            for one, other in zip(failing[a:a_end], passing[b:b_end], strict=True):
                yield Pair(one, other, alike=True)
            continue
        # What one actor did beside what the same actor did instead: as far as that goes.
        beside = min(a_end - a, b_end - b)
        for one, other in zip(failing[a : a + beside], passing[b : b + beside], strict=True):
            yield Pair(one, other, alike=False)
        yield from (Pair(step, None, alike=False) for step in failing[a + beside : a_end])
        yield from (Pair(None, step, alike=False) for step in passing[b + beside : b_end])


def _key(step: Step) -> tuple[object, ...]:
    """What must be the same for two steps to be alike."""
    title = step.title if step.operation == "" else step.operation.partition(" #")[0]
    failure = step.failure
    statuses = tuple((event.run, transition(event)) for event in step.statuses)
    return step.actor, step.kind, title, failure.short if failure else "", statuses
