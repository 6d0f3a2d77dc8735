"""What an exploration has left to run: known when it began, or come up since."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator
from itertools import count

from runfaults.explore.part import Part

Rank = tuple[float, ...]
"""Parts of the lowest rank are run first; of those with the same rank, which was there first."""


class Agenda:
    """The parts that are left, each of them once.

    Args:
        parts: What is to be run in any case.
        rank: What is run first; None for one after the other.
    """

    def __init__(
        self, parts: Iterable[Part] = (), rank: Callable[[Part], Rank] | None = None
    ) -> None:
        self._rank = rank or _all_equal
        self._numbers = count()
        self._known: set[Part] = set()
        self._left: dict[Part, tuple[Rank, int]] = {}
        self._waiting: list[tuple[Rank, int, Part]] = []
        self.add(parts)

    def add(self, parts: Iterable[Part]) -> int:
        """Take up those that have never been on it; returns how many these are."""
        before = len(self._known)
        for part in parts:
            if part not in self._known:
                self._known.add(part)
                self._left[part] = self._rank(part), next(self._numbers)
                heapq.heappush(self._waiting, (*self._left[part], part))
        return len(self._known) - before

    def take(self) -> Part:
        """The part that is to be run next: it is in somebody's hand then, but still left.

        Raises:
            IndexError: if all that is left is in somebody's hand.
        """
        return heapq.heappop(self._waiting)[-1]

    def finish(self, part: Part, further: Iterable[Part] = ()) -> int:
        """Cross off a part that was taken, and take up what has come up in it, as `add` does."""
        del self._left[part]
        return self.add(further)

    def take_back(self) -> None:
        """Nobody has anything in hand any more: what is left is to be taken again."""
        self._waiting = [(*place, part) for part, place in self._left.items()]
        heapq.heapify(self._waiting)

    @property
    def waiting(self) -> int:
        """How many parts could be taken."""
        return len(self._waiting)

    @property
    def total(self) -> int:
        """How many parts there have been."""
        return len(self._known)

    def __len__(self) -> int:
        """How many are left."""
        return len(self._left)

    def __iter__(self) -> Iterator[Part]:
        """What is left."""
        return iter(self._left)


def _all_equal(_: Part) -> Rank:
    return ()
