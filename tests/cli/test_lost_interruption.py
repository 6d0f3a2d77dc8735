"""Ctrl-C counts wherever it arrives, and a second one does not lose what the first one ended."""

from __future__ import annotations

import subprocess
import sys

SCRIPT = """\
import os, signal, threading
from runfaults.user_code import Interrupted, heed_interruptions

class Dropping:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGINT)
        sum(range(10))  # here it arrives

class Broken:
    def __del__(self):
        raise ValueError("mine")

heed_interruptions()
Broken()
Dropping()
try:
    threading.Event().wait(60)
except Interrupted as error:
    print("heeded", error)
"""


COUNTED = """\
import signal
from runfaults.user_code import Interrupted, heed_interruptions, interruptions

def press(times):
    for _ in range(times):
        try:
            signal.raise_signal(signal.SIGINT)
        except Interrupted:
            print("raised", interruptions.count)
        else:
            print("counted", interruptions.count)

heed_interruptions()
press(2)  # code of the target's may swallow the first one
interruptions.asked_for = True
press(1)
with interruptions.breaking_off():
    press(2)
with interruptions.breaking_off():
    pass
press(1)
"""


def test_each_raises_until_they_are_asked_for() -> None:
    ended = _run(COUNTED)
    assert ended.stdout.splitlines() == [
        "raised 1",
        "raised 2",
        "counted 3",
        "raised 4",
        "counted 5",
        "counted 6",
    ]


def _run(script: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )


def test_it_is_raised_again() -> None:
    ended = _run(SCRIPT)
    assert ended.stdout == "heeded SIGINT\n"
    assert "ValueError: mine" in ended.stderr  # any other is told as ever
    assert "Interrupted" not in ended.stderr
