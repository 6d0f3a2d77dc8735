"""A target that wraps `sqlite3.connect`, as tracing libraries do, is watched all the same."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Any

import pytest

from runfaults.sqlite import inject

WRAPPERS = {
    "module": """
        import functools
        real = sqlite3.connect
        @functools.wraps(real)
        def traced(*arguments, **named):
            return real(*arguments, **named)
        sqlite3.connect = traced
    """,
    "closure": """
        def tracing(real):
            return lambda *arguments, **named: real(*arguments, **named)
        sqlite3.connect = tracing(sqlite3.connect)
    """,
    "default": """
        def traced(*arguments, real=sqlite3.connect, **named):
            return real(*arguments, **named)
        sqlite3.connect = traced
    """,
    "partial": """
        import functools
        sqlite3.connect = functools.partial(sqlite3.connect, timeout=0.0)
    """,
    "object": """
        class Tracer:
            def __init__(self, real):
                self.real = real
            def __call__(self, *arguments, **named):
                return self.real(*arguments, **named)
        sqlite3.connect = Tracer(sqlite3.connect)
    """,
}
LOSES = """
    import sqlite3
    from jobs import Jobs, JobsTarget
    {wrapper}
    class Target(JobsTarget):
        pass
"""


@pytest.fixture(autouse=True)
def unwrapped() -> Iterator[None]:
    real = sqlite3.connect
    yield
    sqlite3.connect = real


def program(wrapper: str) -> str:
    return LOSES.format(wrapper=wrapper.strip("\n").lstrip().replace("\n    ", "\n"))


@pytest.mark.parametrize("wrapper", WRAPPERS.values(), ids=WRAPPERS)
def test_it_is_struck_and_judged(here: Any, wrapper: str) -> None:
    told = here.check(program(wrapper), "--bound", "1,0,0", "--only", "succeeded-never-failed")
    assert told.code == 1, told.text
    assert "busy at run commit" in told.text


def test_a_door_that_nothing_can_watch_is_told(here: Any) -> None:
    """The inside of a chain of iterators is not looked into."""
    wrapper = """
        import itertools
        doors = itertools.repeat(sqlite3.connect)
        def traced(*arguments, **named):
            return next(doors)(*arguments, **named)
        sqlite3.connect = traced
    """
    told = here.check(program(wrapper), "--bound", "1,0,0")
    assert told.code == 2, told.text
    assert "opened the database by sqlite3.Connection(...) at" in told.text
    assert "target.py:" in told.text


def test_inject_tells_of_a_wrapper_that_it_cannot_look_into() -> None:
    real = sqlite3.connect

    def traced(*arguments: Any, **named: Any) -> sqlite3.Connection:
        return real(*arguments, **named)

    sqlite3.connect = traced
    with (
        pytest.raises(RuntimeError, match=r"test_wrapped_connect.*pass the module that keeps it"),
        inject("busy at main commit"),
    ):
        pass
