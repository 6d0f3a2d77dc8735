"""Ends what is left of a test session, however it ended: `undertaker.py PID NAME=VALUE [GRACE]`.

A session that is killed ends no process that its tests began, and some of these wait for a test
that will never go on. They are known by a variable of their environment, which children inherit.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys
from pathlib import Path

GRACE = 10.0
"""Real seconds for what was told to end; then it is killed."""


def marked(mark: str) -> list[int]:
    """File descriptors of all processes with a variable, but for this one."""
    found: list[int] = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal() and int(entry.name) != os.getpid():
            with contextlib.suppress(OSError):
                process = os.pidfd_open(int(entry.name))
                if mark.encode() in (entry / "environ").read_bytes().split(b"\0"):
                    found.append(process)
                else:
                    os.close(process)
    return found


def wait(processes: list[int], seconds: float | None) -> None:
    """Wait for one of them to end."""
    select.select(processes, [], [], seconds)


def main(session: int, mark: str, grace: float = GRACE) -> None:
    """Wait for the end of a session and end what is left of it."""
    with contextlib.suppress(ProcessLookupError):
        wait([os.pidfd_open(session)], None)
    left = marked(mark)
    for number in (signal.SIGTERM, signal.SIGKILL):
        for process in left:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(process, number)
        for process in left if number is signal.SIGTERM else ():
            wait([process], grace)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], *map(float, sys.argv[3:]))
