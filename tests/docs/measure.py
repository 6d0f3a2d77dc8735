"""Run the README's first command and write down what it printed, and where and how.

`uv run python tests/docs/measure.py`; it takes minutes. Leave the machine alone meanwhile.
"""

from __future__ import annotations

import os
import platform
import subprocess
from datetime import UTC, datetime

from markdown_page import REPOSITORY

COMMAND = ["uv", "run", "runfaults", "check"]
MEASURED = REPOSITORY / "docs" / "measured" / "check.txt"
COLUMNS = 100


def measure() -> str:
    """The output of the command, below lines that say how it was obtained."""
    began, load = datetime.now(UTC), os.getloadavg()[0]
    ended = subprocess.run(
        COMMAND,
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
        f"    {' '.join(COMMAND)}",
        f"on {platform.system()} {platform.machine()} with {os.cpu_count()} cores;",
        f"the load average was {load:.1f} when it began.",
        f"Exit code: {ended.returncode}.",
        "",
    ]
    return "\n".join(head) + "\n" + ended.stdout


if __name__ == "__main__":
    MEASURED.write_text(measure(), "utf-8")
