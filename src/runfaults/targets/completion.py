"""Tells which of the messages to a subscriber says that a run is complete."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple, cast

from runfaults.model.vocabulary import word_of

Key = str | int | None
"""Where in a message: a key of a mapping, an index of a sequence, the name of an attribute; None
for the message itself."""


class Completion(NamedTuple):
    """What a target's completion signals look like.

    `Completion("complete", status="db_status")` is `{"complete": True, "db_status": "failed"}`;
    `Completion("event", {"done"})` is `{"event": "done"}`; `Completion(0, {"end"}, status=1)` is
    `("end", "failed")`; `Completion(means={State.DONE: "completed", State.ERROR: "failed"})` is a
    member of an enumeration; `Completion(means={None})` a `None` that ends a queue.

    Attributes:
        key: Where a message says that it is one.
        means: The values there that say so: as keys, each with the status that it tells of, or
            by themselves; None for any that is true.
        status: Where it names the status, or a function of the message that finds it; left out
            where it names none but by `means`.
    """

    key: Key = None
    means: Mapping[Any, str] | Iterable[Any] | None = None
    status: Key | Callable[[Any], str] = None

    def read(self, message: object) -> str | None:
        """The status that a completion signal names, empty if none; None for another message."""
        told = _at(message, self.key)
        if self.means is None:
            return self._status(message) if told else None
        for value, status in _each(self.means):
            if told is value or (type(told) is type(value) and told == value):
                return status or self._status(message)
        return None

    def _status(self, message: object) -> str:
        if callable(self.status):
            return self.status(message)
        found = None if self.status is None else _at(message, self.status)
        return "" if found is None else word_of(found)


def _each(means: Mapping[Any, str] | Iterable[Any]) -> Iterator[tuple[object, str]]:
    if isinstance(means, Mapping):
        yield from cast("Mapping[object, str]", means).items()
    else:
        yield from ((value, "") for value in means)


def _at(message: Any, key: Key) -> object:  # noqa: ANN401  # a message of the target's
    """What is there; None if nothing is."""
    if key is None:
        return message
    if isinstance(key, str) and not isinstance(message, Mapping):
        return getattr(message, key, None)
    try:
        return cast("Any", message)[key]
    except (LookupError, TypeError):
        return None
