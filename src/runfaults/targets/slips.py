"""Members of an adapter that are a slip of the pen away from what is asked of adapters.

`cancle` is never called: no cancel would be tried, and all would hold.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from functools import cache
from typing import Any, Protocol

from runfaults.targets import target
from runfaults.targets.base import Adapter
from runfaults.targets.places import place_in


def slips(made: object) -> Iterator[str]:
    """What an adapter has under a name that is one letter, or two exchanged, from a known one.

    Only where it lacks that one, and would be called in the same way: what is called otherwise, or
    not at all, is the user's own.
    """
    written = {
        name: value
        for sort in reversed(type(made).__mro__)
        if sort.__module__.partition(".")[0] not in {"runfaults", "builtins", "abc"}
        for name, value in vars(sort).items()
        if not name.startswith("_")
    }
    known = _methods()
    for name, value in written.items():
        for meant in known.keys() - written.keys():
            is_called_so = inspect.isfunction(value) and _arity(value) == known[meant]
            if name not in known and is_called_so and _is_a_slip(name, meant):
                yield (
                    f"`{name}`{place_in(made, name)} is never called; did you mean `{meant}`? "
                    "A method of your own can begin with an underscore"
                )


@cache
def _methods() -> dict[str, int]:
    """Every method that an adapter may have, with the number of its parameters."""
    protocols = [each for each in vars(target).values() if _is_protocol(each)]
    return {
        name: _arity(method)
        for owner in (*protocols, Adapter)
        for name, method in vars(owner).items()
        if inspect.isfunction(method) and not name.startswith("_")
    }


def _is_protocol(value: Any) -> bool:  # noqa: ANN401  # of any type
    return isinstance(value, type) and Protocol in value.__bases__


def _arity(method: Any) -> int:  # noqa: ANN401  # of any type
    return len(inspect.signature(method).parameters)


def _is_a_slip(word: str, meant: str) -> bool:
    """Whether one letter is missing, too many or another, or two neighbours are exchanged."""
    while word and meant and word[0] == meant[0]:
        word, meant = word[1:], meant[1:]
    while word and meant and word[-1] == meant[-1]:
        word, meant = word[:-1], meant[:-1]
    exchanged = len(word) == 2 and word == meant[::-1]  # noqa: PLR2004
    return exchanged or max(len(word), len(meant)) == 1
