"""How a process ended in which code of the user's ran, and that it ends with its parent."""

from __future__ import annotations

import ctypes
import faulthandler
import os
import re
import signal
import sys
from _thread import start_new_thread
from pathlib import Path
from time import sleep
from typing import NoReturn

from runfaults.user_code import calling_line, is_of_the_user

HUNG_AFTER = 30
"""Real seconds in which a thread keeps the interpreter's lock, after which it is called hung."""

BEAT = 1.0
"""Real seconds between two signs of life; a thread that keeps the lock suppresses them."""

CLEAN_RUNS_OVER = b"\1"
"""What a process tells when nothing was in the target's way, and it ended."""

_BY_EXIT = b"\3"
"""What a process tells that ends by `os._exit`, before the place where that was called."""


class HungError(ChildProcessError):
    """A process was ended because a thread of it kept the interpreter's lock."""


_TIMEOUT = "Timeout ("
"""What `faulthandler` writes above the stacks of a process that it ends."""

_HARNESS = Path(__file__).parent
_FRAME = re.compile(r'File "(.+)", line (\d+) in (.+)')
_SET_DEATH_SIGNAL = 1
"""PR_SET_PDEATHSIG: what the kernel sends a process whose parent has died."""


class Teller:
    """Tells another process what becomes of this one.

    Args:
        descriptor: Where. Code of the user's may close it: what it opens next has its number.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._file = self._now_there()

    def tell(self, what: bytes) -> bool:
        """Write something down; False where it cannot be read."""
        try:
            return self._now_there() == self._file and os.write(self._descriptor, what) > 0
        except OSError:
            return False

    def _now_there(self) -> tuple[int, int]:
        there = os.fstat(self._descriptor)
        return there.st_dev, there.st_ino


def tell_of_end(descriptor: int) -> Teller:
    """Have the end of this process told in a file: a crash in C, and from where `os._exit` came.

    Returns:
        What tells other things there.
    """
    global _teller  # noqa: PLW0603  # a process has one end
    _teller = teller = Teller(descriptor)
    faulthandler.enable(descriptor)
    real, process = os._exit, os.getpid()  # it is documented, for all its name

    def end(status: int) -> NoReturn:
        if os.getpid() == process:
            teller.tell(_BY_EXIT + calling_line().encode())
        real(status)

    os._exit = end
    return teller


_teller: Teller | None = None


def clean_runs_over() -> None:
    """Tell, where the end is told, that what hangs from now on hangs in a schedule."""
    if _teller is not None:
        _teller.tell(CLEAN_RUNS_OVER)


def end_when_hung(descriptor: int) -> None:
    """Have this process end, and tell where it is, when a thread keeps the interpreter's lock.

    Only C code can: the end is not Python's. A process that a terminal stops must have a process
    group of its own, or it would count the time.
    """

    def beat() -> None:
        while True:
            faulthandler.dump_traceback_later(HUNG_AFTER, exit=True, file=descriptor)
            sleep(BEAT)

    start_new_thread(beat, ())  # unnumbered: the names of the target's own threads count on


def end_after(seconds: float, descriptor: int) -> None:
    """Have this process end after so many real seconds, and tell where it is."""
    faulthandler.dump_traceback_later(seconds, exit=True, file=descriptor)


def how_it_hung(told: str, what: str = "") -> str:
    """What to say of a process by the stacks of its threads; empty if it was not ended for that.

    Args:
        told: What it wrote to its descriptor.
        what: What it did for too long; by default it kept the lock.
    """
    if _TIMEOUT not in told:
        return ""
    return f"{what or HUNG}{place_at_work(told)}"


HUNG = f"kept the lock of the interpreter for {HUNG_AFTER} s"


def place_at_work(dump: str) -> str:
    """The user's code in a thread that does not wait in the harness, the simulation's first."""
    stacks = [_FRAME.findall(stack) for stack in dump.split("\n\n")]
    at_work = [each for each in stacks if each and not _is_ours(each[0][0])]
    at_work.sort(key=lambda stack: not any(_is_ours(file) for file, _, _ in stack))
    for stack in at_work:
        for file, line, function in stack:
            if is_of_the_user(file):
                return f" at {'/'.join(Path(file).parts[-2:])}:{line} in {function}"
    return ""


def _is_ours(file: str) -> bool:
    return Path(file).is_relative_to(_HARNESS)


def how_it_ended(code: int, told: str) -> str:
    """What to say of a process that ended in the midst of its work.

    Args:
        code: Its exit code; negative for a signal.
        told: What it wrote to the file of `tell_of_end`.
    """
    if hung := how_it_hung(told):
        return hung
    if code < 0:
        return f"died of {signal.Signals(-code).name}{place_in(told)}"
    _, by_exit, place = told.partition(_BY_EXIT.decode())
    if by_exit:
        return f"was ended by os._exit({code}){f' at {place}' if place else ''}"
    return (
        f"ended with exit code {code}, and could not tell why: something closed descriptors that "
        "it had not opened, or ended the process past Python"
    )


def place_in(dump: str) -> str:
    """The user's code, else the innermost, in what `faulthandler` tells of the thread that died."""
    died = dump.partition("Current thread")[2].partition("\n\n")[0]
    frames = _FRAME.findall(died)
    of_the_user = [frame for frame in frames if is_of_the_user(frame[0])]
    for file, line, function in of_the_user or frames:  # a package's threads have none
        return f" at {'/'.join(Path(file).parts[-2:])}:{line} in {function}"
    return ""


def end_with_parent(parent: int) -> None:
    """Have the kernel kill this process when its parent dies, whatever this one is doing then.

    Args:
        parent: The parent's number: it may be dead by now.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_SET_DEATH_SIGNAL, signal.SIGKILL)
        if os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGKILL)
