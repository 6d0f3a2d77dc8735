"""How a process ended in which code of the user's ran, and that it ends with its parent."""

from __future__ import annotations

import ctypes
import faulthandler
import os
import re
import signal
import sys
from pathlib import Path
from typing import NoReturn

from runfaults.user_code import calling_line, is_of_the_user

_FRAME = re.compile(r'File "(.+)", line (\d+) in (.+)')
_SET_DEATH_SIGNAL = 1
"""PR_SET_PDEATHSIG: what the kernel sends a process whose parent has died."""


def tell_of_end(descriptor: int) -> None:
    """Have the end of this process told in a file: a crash in C, and from where `os._exit` came."""
    faulthandler.enable(descriptor)
    real, process = os._exit, os.getpid()  # it is documented, for all its name

    def end(status: int) -> NoReturn:
        if os.getpid() == process:
            os.write(descriptor, calling_line().encode())
        real(status)

    os._exit = end


def how_it_ended(code: int, told: str) -> str:
    """What to say of a process that ended in the midst of its work.

    Args:
        code: Its exit code; negative for a signal.
        told: What it wrote to the file of `tell_of_end`.
    """
    if code < 0:
        return f"died of {signal.Signals(-code).name}{place_in(told)}"
    return f"was ended by os._exit({code}){f' at {told}' if told else ''}"


def place_in(dump: str) -> str:
    """The user's code in what `faulthandler` tells of the thread that died."""
    died = dump.partition("Current thread")[2].partition("\n\n")[0]
    for file, line, function in _FRAME.findall(died):
        if is_of_the_user(file):
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
