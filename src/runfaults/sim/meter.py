"""The borders between what an exploration does: each tells a meter when it is crossed."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Generator
from enum import StrEnum
from typing import Any, ParamSpec, Protocol, TypeVar, cast

_P = ParamSpec("_P")
_R = TypeVar("_R")


class Phase(StrEnum):
    """The activity of an exploration at a moment."""

    DATABASE = "database"
    """The target's operations on SQLite, with the faults that strike them."""
    WATCHING = "watching"
    """A fresh database for each schedule, and reading the audit of statuses."""
    SWITCHING = "switching"
    """Choosing the next actor and what strikes at each yield point, and handing over."""
    TARGET = "target"
    """The target's own code, and the script that drives it."""
    ORACLE = "oracle"
    """Judging histories."""
    EXPLORING = "exploring"
    """Choosing schedules, setting up a world for each, counting what came of them."""
    REPORTING = "reporting"


class Meter(Protocol):
    """Is told the phase that begins at each border."""

    def enter(self, phase: Phase, /) -> Phase:
        """From now on it is this phase; returns the one before."""
        ...


class _NoMeter:
    """Measures nothing."""

    def enter(self, phase: Phase, /) -> Phase:
        return phase


NO_METER: Meter = _NoMeter()

_meter = NO_METER


_borders: list[tuple[type, str, Callable[..., Any], Callable[..., Any]]] = []
"""Where each is: the class and the name, the method, and the one that tells a meter."""


@contextlib.contextmanager
def measuring(meter: Meter) -> Generator[None]:
    """Tell a meter of every border that this process crosses inside of the block.

    One thread does something at any moment and all others wait, so one meter is enough.
    """
    global _meter  # noqa: PLW0603  # a process does one thing at a time
    before, _meter = _meter, meter
    try:
        for owner, name, _, measured in _borders:
            setattr(owner, name, measured)
        yield
    finally:
        for owner, name, method, _ in _borders:
            setattr(owner, name, method)
        _meter = before


def enter(phase: Phase) -> Phase:
    """From now on it is this phase; returns the one before."""
    return _meter.enter(phase)


def border(
    during: Phase, after: Phase | None = None
) -> Callable[[Callable[_P, _R]], Callable[_P, _R]]:
    """Make a method a border: a phase of its own, and then the given one, or the one before.

    It is one only while there is a meter: it is called thousands of times a second.
    """

    def decorate(function: Callable[_P, _R]) -> Callable[_P, _R]:
        @functools.wraps(function)
        def measured(*arguments: _P.args, **named: _P.kwargs) -> _R:
            before = enter(during)
            try:
                return function(*arguments, **named)
            finally:
                enter(after or before)

        return cast("Callable[_P, _R]", _Border(function, measured))

    return decorate


class _Border:
    """Stands in the body of a class for a method, until the class is there."""

    def __init__(self, method: Callable[..., Any], measured: Callable[..., Any]) -> None:
        self._method = method
        self._measured = measured

    def __set_name__(self, owner: type, name: str) -> None:
        setattr(owner, name, self._method)
        _borders.append((owner, name, self._method, self._measured))
