"""Two histories side by side: what went wrong, and its passing neighbour."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher

from runfaults.report.steps import Step, transition

_WINDOW = 300
"""Steps after the first difference that are aligned: the time that takes grows with the square."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Steps that belong beside each other.

    Attributes:
        failing: What happened; None where only the neighbour did something.
        passing: What happened in the neighbour; None where it did nothing of the kind, or
            where there is no neighbour.
        alike: Whether both did the same, with the same outcome.
        first_difference: Whether this is the first pair that is not alike.
        left_out: How many steps of a long history are left out here; then there is no step.
    """

    failing: Step | None
    passing: Step | None
    alike: bool
    first_difference: bool = False
    left_out: int = 0


def compare(failing: Sequence[Step], passing: Sequence[Step]) -> tuple[Pair, ...]:
    """Align the steps of two histories; times do not matter, outcomes do.

    Without a neighbour (`passing` empty) no pair is alike and none is the first difference.
    """
    if not passing:
        return tuple(Pair(step, None, alike=False) for step in failing)
    alike = _common_beginning(failing, passing)
    same = (
        Pair(one, other, alike=True)
        for one, other in zip(failing[:alike], passing[:alike], strict=True)
    )
    rest = list(_align(failing[alike:], passing[alike:]))
    if rest:
        rest[0] = replace(rest[0], first_difference=True)
    return (*same, *rest)


def _common_beginning(failing: Sequence[Step], passing: Sequence[Step]) -> int:
    """How many steps are alike before the first that are not."""
    keys = zip(map(_key, failing), map(_key, passing), strict=False)
    different = (number for number, (one, other) in enumerate(keys) if one != other)
    return next(different, min(len(failing), len(passing)))


def _align(failing: Sequence[Step], passing: Sequence[Step]) -> Iterator[Pair]:
    """The pairs of what is left; far from the first difference nothing is set side by side."""
    left, right = list(map(_key, failing[:_WINDOW])), list(map(_key, passing[:_WINDOW]))
    matcher = SequenceMatcher(None, left, right, autojunk=False)
    for tag, a, a_end, b, b_end in matcher.get_opcodes():
        # What one did beside what the other did instead: as far as that goes.
        beside = min(a_end - a, b_end - b)
        for one, other in zip(failing[a : a + beside], passing[b : b + beside], strict=True):
            yield Pair(one, other, alike=tag == "equal")
        yield from (Pair(step, None, alike=False) for step in failing[a + beside : a_end])
        yield from (Pair(None, step, alike=False) for step in passing[b + beside : b_end])
    yield from (Pair(step, None, alike=False) for step in failing[_WINDOW:])
    yield from (Pair(None, step, alike=False) for step in passing[_WINDOW:])


def _key(step: Step) -> tuple[object, ...]:
    """The facts in which two steps that are alike agree."""
    title = step.title if step.operation == "" else step.operation.partition(" #")[0]
    failure = step.failure
    statuses = tuple((event.run, transition(event)) for event in step.statuses)
    return step.actor, step.kind, title, failure.short if failure else "", statuses
