"""A Hypothesis strategy for programs of several operations with faults between them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from hypothesis import strategies as st

from runfaults.anomaly.program import Program, Step
from runfaults.sqlite.kinds import kind_named
from runfaults.sqlite.numbering import Point
from runfaults.sqlite.strike import Strike

_FEW = 4
"""Most steps have so many operations: one that is farther seldom strikes."""
_FARTHEST = 12
"""The number of the last operation of a step that is struck at first."""


def programs(
    operations: Mapping[Callable[..., object], Sequence[st.SearchStrategy[Any]]],
    *,
    kinds: str = "busy full ioerr-write",
    most: int = 10,
) -> st.SearchStrategy[Program]:
    """Programs on one object; a fault strikes in about every other step.

    They shrink to few steps with few faults, each the first kind that is named at the first
    operation.

    Args:
        operations: Functions that take the object first, each with strategies for its other
            arguments: `{Ledger.transfer: (names, names, amounts), Ledger.total: ()}`.
        kinds: Names of the fault kinds that strike.
        most: Steps of a program at most.

    Raises:
        ValueError: if a kind does not exist.
    """
    names = [kind_named(word).name for word in kinds.replace(",", " ").split()]
    numbers = (st.integers(1, _FEW) | st.integers(1, _FARTHEST)).map(Point)
    strikes = st.none() | st.builds(Strike, st.sampled_from(names), numbers, st.booleans())
    steps = [
        st.builds(Step, st.just(call), st.tuples(*arguments), strikes)
        for call, arguments in operations.items()
    ]
    return st.lists(st.one_of(steps), min_size=1, max_size=most).map(
        lambda drawn: Program(tuple(drawn))
    )
