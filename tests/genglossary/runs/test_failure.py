"""What is told of errors that behave badly."""

from __future__ import annotations

import subprocess
import sys

import pytest

from genglossary.runs.failure import describe, traceback_of

HUGE = """
import resource, sys
from genglossary.runs.failure import describe, traceback_of
error = ValueError("x" * (300 << 20))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
lengths = len(describe(error)), len(traceback_of(error))
print(*lengths, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


class Mute(Exception):  # noqa: N818
    def __init__(self, raised: BaseException) -> None:
        self.raised = raised

    def __str__(self) -> str:
        raise self.raised


@pytest.mark.parametrize("raised", [RuntimeError("mute"), SystemExit(3), KeyboardInterrupt()])
def test_an_error_that_cannot_be_told_has_a_class(raised: BaseException) -> None:
    assert describe(Mute(raised)) == "Mute"
    assert "Mute" in traceback_of(Mute(raised))


def test_a_message_that_fills_the_memory_is_not_copied_before_it_is_cut() -> None:
    output = subprocess.check_output([sys.executable, "-c", HUGE], text=True)
    described, traceback, megabytes = map(int, output.split())
    assert described <= 1024
    assert traceback < 10_000
    assert megabytes < 1000


def test_a_class_name_is_cleaned() -> None:
    error = type("Bad\x1b[31m\nName" + "e" * 1000, (Exception,), {})("no")
    told = describe(error)
    assert told.isprintable()
    assert len(told) < 200


def test_a_traceback_has_its_causes() -> None:
    try:
        try:
            raise KeyError("cause")  # noqa: TRY301
        except KeyError as cause:
            raise ValueError("effect") from cause
    except ValueError as error:
        told = traceback_of(error)
    assert "KeyError: 'cause'" in told
    assert told.endswith("ValueError: effect\n")
