"""Run bounds and print of each a digest of all its histories: equal on every interpreter.

`uv run python tests/interpreters/digest.py single default` prints a line a bound. A digest does not
depend on the order in which schedules run, nor on how often.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import sys
import tempfile
import time
from collections.abc import Callable
from unittest.mock import patch

from runfaults.cli import main
from runfaults.sim.execution import Execution
from runfaults.sim.world import World


def digest(target: str, bound: str) -> tuple[str, str]:
    """The last line of a check, and the digest of the histories of its schedules."""
    told: set[int] = set()
    play = World.play

    def note(world: World, user: Callable[[World], None]) -> Execution:
        execution = play(world, user)
        text = f"{execution.history.schedule}\n{execution.history.text()}"
        told.add(int.from_bytes(hashlib.sha256(text.encode()).digest()))
        return execution

    printed = io.StringIO()
    with tempfile.TemporaryDirectory() as folder:
        where = ["--jobs", "1", "--no-cache", "--save", folder]
        command = ["runfaults", "check", "--target", target, "--bound", bound, *where]
        with (
            patch.object(sys, "argv", command),
            patch.object(World, "play", note),
            contextlib.redirect_stdout(printed),
            contextlib.redirect_stderr(io.StringIO()),  # the command to type next
            contextlib.suppress(SystemExit),
        ):
            main()
    return printed.getvalue().splitlines()[-1], f"{sum(told) % 2**64:016x}"


if __name__ == "__main__":
    for name in sys.argv[1:]:
        began = time.monotonic()
        verdict, histories = digest("genglossary", name)
        seconds = time.monotonic() - began
        print(f"{name}: {verdict}; histories {histories}; {seconds:.0f} s", flush=True)
