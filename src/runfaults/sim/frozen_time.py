"""Lifts freezegun's time for a while: a schedule has a clock of its own."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Generator
from types import ModuleType
from typing import Any

_FUNCTIONS = (
    "gmtime",
    "localtime",
    "monotonic",
    "monotonic_ns",
    "perf_counter",
    "perf_counter_ns",
    "strftime",
    "time",
    "time_ns",
)


def is_time_frozen() -> bool:
    """Whether a test has frozen the time with freezegun."""
    api = sys.modules.get("freezegun.api")
    return api is not None and bool(api.freeze_factories)


@contextlib.contextmanager
def thawed() -> Generator[None]:
    """Put the real clocks back wherever freezegun has replaced them, and at the end its own.

    time-machine, which gives a schedule its wall clock, refuses to start while time is frozen.
    """
    api = sys.modules["freezegun.api"]
    reals: dict[int, Any] = {
        id(api.FakeDatetime): api.real_datetime,
        id(api.FakeDate): api.real_date,
    }
    for name in _FUNCTIONS:
        reals[id(getattr(api, f"fake_{name}"))] = getattr(api, f"real_{name}")
    frozen = [
        (module, name, value)
        for module in list(sys.modules.values())
        if type(module) is ModuleType and module is not api
        for name, value in list(vars(module).items())
        if id(value) in reals
    ]
    for module, name, value in frozen:
        setattr(module, name, reals[id(value)])
    try:
        yield
    finally:
        for module, name, value in frozen:
            setattr(module, name, value)
