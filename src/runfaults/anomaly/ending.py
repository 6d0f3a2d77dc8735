"""How a call ended, as data: an exception would keep frames alive, and their cursors and locks."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass
from types import GeneratorType
from typing import cast

from runfaults.user_code import place_of, told

_SHOWN = 230
"""Characters of an exception that are told."""

_MARK = "_runfaults_struck"
_PLAIN = (type(None), bool, int, float, str, bytes)


class NeverEndsError(BaseException):
    """Ends a call that would not end by itself; no `except Exception` stops it."""


@dataclass(frozen=True, slots=True)
class Returned:
    """It returned.

    Attributes:
        answer: The text of what it returned; None if it is no plain value, so that two of them
            cannot be compared.
    """

    answer: str | None


@dataclass(frozen=True, slots=True)
class Raised:
    """It raised.

    Attributes:
        what: Type and message of the exception.
        of_fault: Whether it is the fault's own error, or chained to it.
        place: Where, ` at file:line`, in the user's code; empty if unknown.
    """

    what: str
    of_fault: bool
    place: str


@dataclass(frozen=True, slots=True)
class Endless:
    """It was ended: it did not end by itself.

    Attributes:
        why: What it did instead.
    """

    why: str


Ending = Returned | Raised | Endless


def returned(answer: object) -> Returned:
    """What a call returned."""
    return Returned(repr(answer) if _is_plain(answer) else None)


def _is_plain(value: object) -> bool:
    if isinstance(value, dict):
        both = cast("dict[object, object]", value)
        return all(map(_is_plain, both)) and all(map(_is_plain, both.values()))
    if isinstance(value, tuple | list | set | frozenset):
        return all(map(_is_plain, value))  # pyright: ignore[reportUnknownArgumentType,reportUnknownVariableType]
    return type(value) in _PLAIN


def unfinished(answer: object) -> str | None:
    """What an answer is whose work has not been done; None if the call has done it."""
    if isinstance(answer, GeneratorType):
        return "a generator"
    return "an awaitable" if isinstance(answer, Awaitable) else None


def mark(error: BaseException) -> None:
    """Note that it is the fault's own error."""
    setattr(error, _MARK, True)


def raised(error: BaseException) -> Raised | Endless:
    """What a call raised."""
    if isinstance(error, NeverEndsError):
        return Endless(str(error))
    return Raised(told(error)[:_SHOWN], is_of_fault(error), place_of(error))


def is_of_fault(error: BaseException | None) -> bool:
    """Whether the fault's own error is this one, its cause, its context or one of its group."""
    seen: set[int] = set()
    open_ends = [error]
    while open_ends:
        one = open_ends.pop()
        if one is None or id(one) in seen:
            continue
        if hasattr(one, _MARK):
            return True
        seen.add(id(one))
        open_ends += [one.__cause__, one.__context__]
        if isinstance(one, BaseExceptionGroup):
            open_ends += one.exceptions  # pyright: ignore[reportUnknownMemberType,reportUnknownArgumentType]
    return False
