"""Run a command of which the documentation shows the end, and write down what it printed, and how.

`uv run python tests/docs/measure.py check` takes a minute, each of the others an hour. Without a
name all run, one after the other. Leave the machine alone meanwhile.
"""

from __future__ import annotations

import contextlib
import os
import platform
import re
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime

import psutil
from markdown_page import REPOSITORY

CHECK = ["uv", "run", "runfaults", "check"]


def _long(name: str, *bound: str) -> list[str]:
    return [*CHECK, "--bound", *bound, "--no-cache", "--state", f".runfaults/{name}"]


COMMANDS = {
    "check": CHECK,
    "interpreters": ["uv", "run", "python", ".ci/interpreters.py", "default"],
    "deep": _long("deep", "deep"),
    # What the first search of deep does with "busy", for the other things that a COMMIT can leave.
    "done": _long("done", "1,2,2", "--only", "lost-acknowledgement"),
    "undone": _long("undone", "1,2,2", "--only", "ioerr-write"),
}
"""By the name of the file in docs/measured."""

COLUMNS = 100

WHERE_PYTHON_IS = re.compile(r"/\S*/(?=python)")
"""A folder of the machine it was measured on."""

EVERY = 2.0
"""Seconds between two looks at the memory of the processes."""


class LargestProcess(threading.Thread):
    """Watches the memory of a process and its descendants until it ends.

    Attributes:
        megabytes: The most that one of them had when looked at.
    """

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.megabytes = 0.0
        self._process = psutil.Process(pid)

    def run(self) -> None:
        """Look again and again."""
        while self._process.is_running():
            with contextlib.suppress(psutil.NoSuchProcess):
                for each in (self._process, *self._process.children(recursive=True)):
                    self.megabytes = max(self.megabytes, each.memory_info().rss / 2**20)
            time.sleep(EVERY)


def measure(command: list[str]) -> str:
    """The output of a command, below lines that say how it was obtained."""
    began, clock, load = datetime.now(UTC), time.monotonic(), os.getloadavg()[0]
    with subprocess.Popen(
        command,
        cwd=REPOSITORY,
        env=os.environ | {"COLUMNS": str(COLUMNS), "NO_COLOR": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    ) as running:
        memory = LargestProcess(running.pid)
        memory.start()
        printed, _ = running.communicate()
    seconds = time.monotonic() - clock
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    head = [
        f"Obtained on {began:%Y-%m-%d} at commit {commit} by tests/docs/measure.py, which ran",
        f"    {' '.join(command)}",
        f"on {platform.system()} {platform.machine()} with {os.cpu_count()} cores;",
        f"the load average was {load:.1f} when it began.",
        f"It took {seconds:,.0f} seconds, and {memory.megabytes:.0f} MB in the largest process.",
        f"Exit code: {running.returncode}.",
        "",
    ]
    return "\n".join(head) + "\n" + WHERE_PYTHON_IS.sub("", printed)


if __name__ == "__main__":
    for name in sys.argv[1:] or COMMANDS:
        written = REPOSITORY / "docs" / "measured" / f"{name}.txt"
        written.write_text(measure(COMMANDS[name]), "utf-8")
