"""Numbers the runs of a target whose ids are no numbers."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable
from itertools import count
from typing import Any, cast

_UUID_BYTES = 16
_HEX = re.compile(r"[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}")

_answered_as: dict[str, type[object]] = {}
"""The type of what `start` answers, by the target's name: a process that comes after another one
knows by it what to make of an id that it finds in the database."""


class RunNumbers:
    """The runs of one database: 1, 2, ... in the order in which they are first heard of.

    An id that is a whole number, or a text of digits, is its own number. Two forms of one UUID are
    one id, and so are a tuple and the JSON array of its parts.

    Args:
        target: The name of the target whose runs they are.
    """

    def __init__(self, target: str = "") -> None:
        self._target = target
        self._numbers: dict[str, int] = {}
        self._plain: set[int] = set()
        self._found: dict[int, object] = {}
        self._answered: dict[int, object] = {}

    def of(self, key: object) -> int | None:
        """The number of the run with that id; None of what is no id."""
        form = _form(key)
        if form is None:
            return None
        if isinstance(form, int):
            self._plain.add(form)
            return form
        if form not in self._numbers:
            free = (each for each in count(len(self._numbers) + 1) if each not in self._plain)
            self._numbers[form] = next(free)
        number = self._numbers[form]
        self._found.setdefault(number, key)
        return number

    def answered(self, key: object) -> int | None:
        """The number of a run whose id `start` has answered."""
        number = self.of(key)
        if number in self._found and isinstance(_form(key), int):
            return None  # the ids are of another sort
        if number is not None and number in self._found:
            self._answered[number] = key
            _answered_as[self._target] = type(key)
        return number

    def is_known(self, number: int) -> bool:
        """Whether a user can know the run's id: a number is guessed, others are answered."""
        return number not in self._found or number in self._answered

    def id_of(self, number: int) -> Any:  # noqa: ANN401  # of any type
        """The id of a run, as `start` answers it; of a number that none has, one like the others.

        It is that number itself where ids are numbers.
        """
        if number in self._answered:
            return self._answered[number]
        if self._found and number not in self._found:
            return _other_than(self.id_of(next(iter(self._found))))
        found = self._found.get(number, number)
        kind = _answered_as.get(self._target)
        return found if kind is None else _MADE.get(kind, _as_found)(found)

    @property
    def ids(self) -> tuple[tuple[int, str], ...]:
        """What stands behind each number that is no id itself, as text."""
        return tuple((number, repr(key)) for number, key in self._found.items())


def _form(key: object) -> int | str | None:
    """What is the same of two forms of one id."""
    match key:
        case int() | float():
            form = int(key)
        case uuid.UUID():
            form = str(key)
        case bytes():
            form = str(uuid.UUID(bytes=key)) if len(key) == _UUID_BYTES else key.hex()
        case str():
            form = _form_of_text(key)
        case tuple() | list():
            parts = list(cast("tuple[object, ...]", key))
            form = json.dumps(parts, default=str, ensure_ascii=False, separators=(",", ":"))
        case _:
            form = None
    return form


def _form_of_text(key: str) -> int | str:
    if key.isascii() and key.isdecimal():
        return int(key)
    return str(uuid.UUID(key)) if _HEX.fullmatch(key.lower()) else key


def _as_found(found: Any) -> Any:  # noqa: ANN401  # of any type
    return found


def _uuid_from(found: Any) -> Any:  # noqa: ANN401  # of any type
    return uuid.UUID(bytes=found) if isinstance(found, bytes) else uuid.UUID(str(found))


def _tuple_from(found: Any) -> Any:  # noqa: ANN401  # of any type
    return tuple(json.loads(found)) if isinstance(found, str) else found


_MADE: dict[type[object], Callable[[Any], Any]] = {
    uuid.UUID: _uuid_from,
    tuple: _tuple_from,
    str: str,
}


def _other_than(key: object) -> object:
    match key:
        case uuid.UUID():
            return uuid.UUID(int=0)
        case bytes():
            return bytes(len(key))
        case str() if _HEX.fullmatch(key.lower()):
            return str(uuid.UUID(int=0)) if "-" in key else uuid.UUID(int=0).hex
        case tuple():
            return tuple(_other_than(each) for each in cast("tuple[object, ...]", key))
        case int():
            return key + 1000
        case _:
            return "unknown"
