"""Searches all objects that are loaded, and those that `gc.freeze` has set aside only once.

The collector does not show frozen objects, and to show half a million takes longer than a hundred
schedules. A session that freezes what it has imported would keep its originals if they were left
out.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Hashable, Iterable
from typing import Any, ClassVar

Search = Callable[[], list[Any]]
"""Looks through what the collector shows, with `gc.get_objects` or `gc.get_referrers`."""


class _Mark:
    """An object that tells by being shown, or not, whether what is as old as it is frozen."""


class _Frozen:
    """The memory of searches among the frozen objects.

    Attributes:
        count: How many there were when they were counted.
        found: What each search found among them, by its key.
        inside: Is frozen as long as they are; None if nothing is.
        outside: Is shown, and alone, as long as nothing was frozen or unfrozen.
    """

    count: ClassVar[int] = 0
    found: ClassVar[dict[Hashable, tuple[Search, list[Any]]]] = {}
    inside: ClassVar[_Mark | None] = None
    outside: ClassVar[_Mark | None] = None


_MANY = 20_000
"""So many objects that are shown are frozen with the others: to search them takes too long."""


_FEW = 1_000
"""With fewer frozen objects, none is of a session's: they are thawed."""


def frozen() -> int:
    """How many objects are frozen."""
    return _Frozen.count


def found_in_all(key: Hashable, search: Search) -> list[Any]:
    """Search all objects, those that are frozen only once.

    Args:
        key: Tells the search from others: of a frozen object the answer of the first one counts.
        search: Looks through what the collector shows.
    """
    if _has_changed():
        _Frozen.found = {}
        _Frozen.count = gc.get_freeze_count()
        if _Frozen.count < _FEW:
            gc.unfreeze()  # by Python 3.12 itself, when it starts: no session has frozen anything
            _Frozen.count = 0
        _Frozen.inside = _Mark() if _Frozen.count else None
        _freeze()
    if not _Frozen.count:
        return search()
    is_new, are_many = key not in _Frozen.found, len(gc.get_objects()) > _MANY
    if is_new or are_many:
        gc.collect()
        for earlier, found in _Frozen.found.values():
            found.extend(earlier())
        if is_new:
            gc.unfreeze()
            _Frozen.found[key] = search, search()
        _freeze()
    return [*_Frozen.found[key][1], *search()]


def classes_among(objects: Iterable[object]) -> list[Any]:
    """The classes among these objects.

    Lazy objects wake up when they are asked anything: only their types are.
    """
    objects = list(objects)
    kinds = {kind for kind in set(map(type, objects)) if issubclass(kind, type)}
    return [each for each in objects if type(each) in kinds]


def _has_changed() -> bool:
    """Whether anything was frozen, or no longer is, since it was looked at last.

    The list of all objects must be gone before a search: it holds each original.
    """
    # Objects may have odd ways to be equal, and each audit hook hears of `id`.
    return [each for each in gc.get_objects() if type(each) is _Mark] != [_Frozen.outside]


def _freeze() -> None:
    """Freeze what is shown, in a session that has frozen anything."""
    if _Frozen.count:
        _Frozen.count += len(gc.get_objects())
        gc.freeze()
    _Frozen.outside = _Mark()
