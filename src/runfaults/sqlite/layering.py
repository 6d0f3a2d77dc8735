"""Puts a faulty class under, and where needed over, a program's own subclass."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import FunctionType
from typing import Any

Around = Mapping[str, Callable[..., Any]]
"""For each operation, a function (self, real, *args) that performs `real(*args)` at a gate."""


def layered(faulty: type, over: type, around: Around) -> type:
    """A subclass of both, in which every operation meets the gate once.

    A method of `over` that calls `super()` meets the gate there, in `faulty`, which stands
    behind it in the method resolution order: what it does itself, such as trying again, stays
    part of the code under test. One that calls the C method directly, as in
    `sqlite3.Cursor.execute(self, ...)`, would pass by: it is performed at the gate as a whole.
    """
    if issubclass(over, faulty):
        return over
    if issubclass(faulty, over):
        return faulty
    wrapped = {
        name: _at_gate(perform, method)
        for name, perform in around.items()
        if isinstance(method := getattr(over, name), FunctionType) and not _cooperates(method)
    }
    return type(f"Faulty{over.__name__}", (over, faulty), wrapped)


def _cooperates(method: FunctionType) -> bool:
    code = method.__code__
    return "__class__" in code.co_freevars or "super" in code.co_names


def _at_gate(perform: Callable[..., Any], method: FunctionType) -> Callable[..., Any]:
    def operation(self: object, *arguments: object, **named: object) -> object:
        def real(*arguments: object, **named: object) -> object:
            return method(self, *arguments, **named)

        return perform(self, real, *arguments, **named)

    operation.__name__ = method.__name__
    operation.__doc__ = method.__doc__
    return operation
