"""What breaks a rule, and prints in every way there is, with an escape sequence."""
# ruff: noqa: T100, T201

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable

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


class Loud:
    """Prints as it is collected: what refers to itself is, some time."""

    def __init__(self) -> None:
        self.itself = self

    def __del__(self) -> None:
        print("collected")


class WastefulManager(OneTryManager):
    def live(self, job: Job) -> None:
        Loud()
        super().live(job)

    def leaks(self) -> Iterable[tuple[str, str]]:
        print("asked")
        return super().leaks()


class ForgetfulManager(PlainManager):
    def live(self, job: Job) -> None:
        kept: list[object] = [self.forgotten()]
        kept.append(kept)
        super().live(job)

    async def forgotten(self) -> None:
        """Never awaited, which Python warns of as it is collected."""


class StoppingManager(PlainManager):
    def live(self, job: Job) -> None:
        print("before")
        breakpoint()
        super().live(job)


class Talking(PlainTarget):
    manager = TalkingManager


class Verbose(PlainTarget):
    manager = VerboseManager


class Wasteful(PlainTarget):
    manager = WastefulManager


class Forgetful(PlainTarget):
    manager = ForgetfulManager


class Stopping(PlainTarget):
    manager = StoppingManager
