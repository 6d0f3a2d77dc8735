"""Sees that the methods of a manager have the form in which they are called."""

from __future__ import annotations

import inspect
from functools import cache
from types import FunctionType

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


@cache
def misshapen(sort: type) -> str:
    """What is wrong with the methods of a class of managers; empty if nothing is."""
    for name, arguments in _ARGUMENTS.items():
        method = inspect.getattr_static(sort, name, None)
        if not isinstance(method, FunctionType):
            continue
        called = f"called as {name}({', '.join(arguments)})"
        where = f"`{name}`{place_in(sort, name)}"
        signature = inspect.signature(method)
        try:
            signature.bind(None, *arguments)
        except TypeError as error:
            return f"{where} is {name}{signature}, and is {called} ({error})"
        if inspect.iscoroutinefunction(method):
            return f"{where} is a coroutine, and is {called}: let it return when it is done"
    return ""
