"""Run a command of which the documentation shows the end, and write down what it printed, and how.

`uv run python tests/docs/measure.py check` takes a minute; without a name all of them run, which
takes hours. Leave the machine alone meanwhile.
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from datetime import UTC, datetime

from markdown_page import REPOSITORY

CHECK = ["uv", "run", "runfaults", "check"]
COMMANDS = {
    "check": CHECK,
    "bound-2-1-1": [*CHECK, "--bound", "2,1,1"],
    "bound-1-2-2-cancel": [*CHECK, "--bound", "1,2,2", "--only", "cancel"],
    "bound-1-2-2": [*CHECK, "--bound", "1,2,2"],
}
"""By the name of the file in docs/measured."""

COLUMNS = 100


def measure(command: list[str]) -> str:
    """The output of a command, below lines that say how it was obtained."""
    began, load = datetime.now(UTC), os.getloadavg()[0]
    ended = subprocess.run(
        command,
        cwd=REPOSITORY,
        env=os.environ | {"COLUMNS": str(COLUMNS), "NO_COLOR": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
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
        f"Exit code: {ended.returncode}.",
        "",
    ]
    return "\n".join(head) + "\n" + ended.stdout


if __name__ == "__main__":
    for name in sys.argv[1:] or COMMANDS:
        written = REPOSITORY / "docs" / "measured" / f"{name}.txt"
        written.write_text(measure(COMMANDS[name]), "utf-8")
