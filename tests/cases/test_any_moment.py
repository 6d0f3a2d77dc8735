"""Ctrl-C, once or twice, at any call that a command makes: the exit code tells what was found."""

from __future__ import annotations

import signal
import sys
from types import FrameType
from typing import Any, Self

import pytest

BROKEN = """
    from jobs import Jobs, JobsTarget

    class Target(JobsTarget):
        class jobs(Jobs):
            def record(self, connection, job, state):
                super().record(connection, job, state)
                super().record(connection, job, "error")
"""


class Pressing:
    """Presses Ctrl-C, and has CI end the job at the same instant, at a call of this thread's.

    Args:
        at: Number of that call, from 1, or name of what is called; 0 counts the calls alone.
    """

    def __init__(self, at: int | str) -> None:
        self.at = at
        self.calls = 0
        self.pressed = False

    def __enter__(self) -> Self:
        sys.setprofile(self._called)
        return self

    def __exit__(self, *_: object) -> None:
        sys.setprofile(None)

    def _called(self, frame: FrameType, event: str, _: object) -> None:
        if event != "call" or self.pressed:
            return
        self.calls += 1
        if self.at in {self.calls, frame.f_code.co_qualname}:
            self.pressed = True
            both = {signal.SIGINT, signal.SIGTERM}
            signal.pthread_sigmask(signal.SIG_BLOCK, both)
            for each in both:
                signal.raise_signal(each)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, both)


@pytest.mark.parametrize(
    ("called", "code"),
    [
        ("Campaign.jobs", 3),
        ("place", 1),
        ("Findings.belong_to", 1),
        ("Agenda.unfinished", 1),
        ("conclude", 1),
        ("confirm", 1),
        ("print_result", 1),
    ],
)
def test_what_was_found_counts(here: Any, called: str, code: int) -> None:
    with Pressing(called) as pressing:
        told = here.check(BROKEN, "--save", "saved")
    assert pressing.pressed
    assert told.code == code, told.text
    assert ("target.py:Target: broken by" in told.text) is (code == 1)
    assert [*here.folder.glob("saved/*.toml")] if code == 1 else "interrupted" in told.text


@pytest.mark.nightly
def test_the_code_changes_once(here: Any) -> None:
    here.check(BROKEN)  # what is imported is imported once
    with Pressing(0) as pressing:
        assert here.check(BROKEN).code == 1
    codes: list[int] = []
    for part in range(1, PARTS):
        with Pressing(pressing.calls * part // PARTS):
            told = here.check(BROKEN)
        assert "Traceback" not in told.text
        codes.append(told.code)
    assert set(codes) == {1, 3}
    assert codes == sorted(codes, reverse=True)


PARTS = 100
"""Stretches of a command between whose calls it is pressed."""
