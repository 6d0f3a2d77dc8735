"""Functions whose lines are counted: the names must be those of every Python, so mind the lines."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any

total = 0


def decorated(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def outer(*arguments: object) -> object:
        return function(*arguments)

    return outer


class Box:
    def __init__(self) -> None:
        self._value = 1
        self.items = {"a": 1, "b": 2}

    @property
    def value(self) -> int:
        return self._value

    @value.setter
    def value(self, value: int) -> None:
        self._value = value

    @decorated
    def add(self) -> int:
        self.value += 1
        if self.value and self.items:
            return 1
        return 0

    def both(self) -> tuple[object, object]:
        return self._value, self.items

    def listed(self) -> list[int]:
        kept = [each for each in self.items.values() if each < self.value]
        return [
            each + self._value
            for each in kept
            if each in self.items.values()
        ]  # fmt: skip

    def handed_out(self) -> Iterator[int]:
        for key in list(self.items):
            yield self.items[key]
        del self.items["a"]

    def failing(self) -> int:
        try:
            return self.items["a"]
        except KeyError:
            self.items["a"] = 0
            raise
        finally:
            self._value -= 1


def counted() -> Callable[[], int]:
    number = 0

    def count() -> int:
        nonlocal number
        number += 1
        return number

    return count


def everything() -> None:
    global total  # noqa: PLW0603 - the subject
    box = Box()
    box.add()
    box.listed()
    box.both()
    list(box.handed_out())
    try:
        box.failing()
    except KeyError:
        total = total + 1
    counted()()
    called = lambda: box.value  # noqa: E731 - the subject
    called()
    harmless = 1
    harmless += len("no attribute, item, global or variable of a closure")
