"""What breaks a rule, and prints in every way there is, with an escape sequence."""
# ruff: noqa: T100, T201

from __future__ import annotations

import logging
import sys

from one_try import OneTryManager
from plain_manager import Job, PlainManager, PlainTarget

LOG = logging.getLogger("talking")


class TalkingManager(OneTryManager):
    def live(self, job: Job) -> None:
        print("by print")
        sys.stderr.writelines(["by ", "lines\n"])
        sys.stdout.buffer.write("by bytes: é\n".encode())
        LOG.warning("by a handler")
        print(f"\x1b[2J a terminal: {sys.stdout.isatty()}", flush=True)
        super().live(job)


class VerboseManager(OneTryManager):
    def live(self, job: Job) -> None:
        print("first\n" + "x" * 60_000)
        print(*range(100), sep="\n")
        super().live(job)


class StoppingManager(PlainManager):
    def live(self, job: Job) -> None:
        print("before")
        breakpoint()
        super().live(job)


class Talking(PlainTarget):
    manager = TalkingManager


class Verbose(PlainTarget):
    manager = VerboseManager


class Stopping(PlainTarget):
    manager = StoppingManager
