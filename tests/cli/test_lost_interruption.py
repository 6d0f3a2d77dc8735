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


HEARD = """\
import signal
from runfaults.user_code import Interrupted, heed_interruptions, interruption

heed_interruptions()
for _ in range(2):  # code of the target's may swallow the first one
    try:
        signal.raise_signal(signal.SIGINT)
    except Interrupted:
        print("raised", interruption.hurried)
interruption.heard = True
print(interruption.hurried)
signal.raise_signal(signal.SIGTERM)
print(interruption.hurried)
"""


def test_it_raises_until_it_is_heard_and_hurries_then() -> None:
    ended = _run(HEARD)
    assert ended.stdout.splitlines() == ["raised False", "raised False", "False", "True"]


def _run(script: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )


def test_it_is_raised_again() -> None:
    ended = _run(SCRIPT)
    assert ended.stdout == "heeded SIGINT\n"
    assert "ValueError: mine" in ended.stderr  # any other is told as ever
    assert "Interrupted" not in ended.stderr
