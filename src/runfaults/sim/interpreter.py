"""Refuses interpreters that run two threads at once."""

from __future__ import annotations

import platform
import sys


class InterpreterError(ValueError):
    """This interpreter cannot run a simulation."""


def require_controllable() -> None:
    """Make sure that this interpreter can run a simulation.

    Raises:
        InterpreterError: on a free-threaded build, and on any interpreter but CPython.
    """
    name, flags = sys.implementation.name, getattr(sys, "abiflags", "")
    version = platform.python_version()
    if name == "cpython" and "t" not in flags:
        return
    seen = (
        f"a free-threaded build of Python {version}" if name == "cpython" else f"{name} {version}"
    )
    raise InterpreterError(
        f"this is {seen} ({sys.executable}); runfaults needs a CPython with the global interpreter "
        "lock, version 3.11 or newer: run it with one, such as `uv run --python 3.14 runfaults ...`"
    )
