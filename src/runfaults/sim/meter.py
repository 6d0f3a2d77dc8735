"""The borders between what an exploration does: each tells a meter when it is crossed."""

from __future__ import annotations

import functools
from collections.abc import Callable
from enum import StrEnum
from typing import Concatenate, ParamSpec, Protocol, TypeVar

_P = ParamSpec("_P")
_R = TypeVar("_R")


class Phase(StrEnum):
    """What an exploration does at a moment."""

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


class Metered(Protocol):
    """An object that tells its meter of its borders."""

    @property
    def meter(self) -> Meter:
        """The meter."""
        ...


_M = TypeVar("_M", bound=Metered)


def border(
    during: Phase, after: Phase | None = None
) -> Callable[[Callable[Concatenate[_M, _P], _R]], Callable[Concatenate[_M, _P], _R]]:
    """Make a method a border: a phase of its own, and then the given one, or the one before."""

    def decorate(method: Callable[Concatenate[_M, _P], _R]) -> Callable[Concatenate[_M, _P], _R]:
        @functools.wraps(method)
        def measured(self: _M, /, *arguments: _P.args, **named: _P.kwargs) -> _R:
            meter = self.meter
            if meter is NO_METER:
                return method(self, *arguments, **named)
            before = meter.enter(during)
            try:
                return method(self, *arguments, **named)
            finally:
                meter.enter(after or before)

        return measured

    return decorate
