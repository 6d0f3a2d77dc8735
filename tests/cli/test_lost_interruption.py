"""Ctrl-C counts wherever it arrives, also where the interpreter drops what is raised."""

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


def test_it_is_raised_again() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=False
    )
    assert ended.stdout == "heeded SIGINT\n"
    assert "ValueError: mine" in ended.stderr  # any other is told as ever
    assert "Interrupted" not in ended.stderr
