"""Sees that the methods of a manager have the form in which they are called."""

from __future__ import annotations

import inspect
from functools import cache
from types import FunctionType

from runfaults.targets.base import Adapter
from runfaults.targets.places import place_in

_ARGUMENTS = {
    "start": (),
    "wait": ("run",),
    "close": (),
    "cancel": ("run",),
    "cancel_in_database": ("run",),
    "cancel_by_route": ("run", "ask"),
    "status": ("run",),
    "subscribe": ("run",),
    "leaks": (),
}
"""What each of its methods is given."""

_OF_THE_BASE = {"begin": ("database", "work"), "reset": ()}
"""What is given to those that the base `Adapter` calls."""


@cache
def misshapen(sort: type) -> str:
    """What is wrong with the methods of a class of managers; empty if nothing is."""
    of_the_base = _OF_THE_BASE if Adapter in sort.__mro__ else {}
    for name, arguments in (_ARGUMENTS | of_the_base).items():
        method = inspect.getattr_static(sort, name, None)
        if not isinstance(method, FunctionType):
            continue
        if wrong := _wrong_with(method, name, arguments):
            is_what, what_else = wrong  # only then is the source read: that takes long
            called = f"called as {name}({', '.join(arguments)})"
            return f"`{name}`{place_in(sort, name)} is {is_what}, and is {called}{what_else}"
    return ""


def _wrong_with(
    method: FunctionType, name: str, arguments: tuple[str, ...]
) -> tuple[str, str] | None:
    """What a method is instead, and what else is to be said of it."""
    signature = inspect.signature(method)
    try:
        signature.bind(None, *arguments)
    except TypeError as error:
        return f"{name}{signature}", f" ({error})"
    what = not_run(method)
    return (what, ": let it return when it is done") if what else None


def not_run(method: object) -> str:
    """What a method is of which nothing is done when it is called; empty if it is none."""
    if inspect.iscoroutinefunction(method):
        return "a coroutine"
    is_generator = inspect.isgeneratorfunction(method) or inspect.isasyncgenfunction(method)
    return "a generator" if is_generator and getattr(method, "__name__", "") != "leaks" else ""
