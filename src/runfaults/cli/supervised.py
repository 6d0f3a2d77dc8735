"""The command in a process of its own, so that its end is told whatever the target does to it.

A target that ends the process (`os._exit`, a crash in C) takes no more than that one with it; the
exit code is never the target's.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from typing import NoReturn

from runfaults import cli
from runfaults.cli.exit_codes import UNKNOWN, USAGE
from runfaults.cli.output import outlive_readers, unwritten
from runfaults.cli.writing import code_of_writing
from runfaults.process_end import how_it_ended, tell_of_end
from runfaults.temporary import remove_folders_of
from runfaults.user_code import heed_interruptions

_HEEDED = {signal.SIGINT, signal.SIGTERM}
_ENDED = b"\0"
"""What the command's process tells before its exit code, when it ends by itself."""

_TO_END = 5.0
"""Real seconds for the end of a command that has told its exit code."""

_TO_HEED = 60.0
"""Real seconds for the end of a command that was interrupted: it still reports what it found."""

_HINTS = 2
"""Interruptions that are passed on; one more kills the command."""

_LAST_STANDARD = 2


def main() -> None:
    """Run the command that was typed; exits with its exit code."""
    if not hasattr(os, "fork"):
        cli.main()
    _open_closed()
    ending, tell = os.pipe()
    parent_lives, parent = os.pipe()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_BLOCK, _HEEDED | {signal.SIGCHLD})
    pid = os.fork()
    if not pid:
        os.close(parent)
        _be_the_command(tell, parent_lives)
    os.close(tell)
    os.set_blocking(ending, False)
    status, said = _wait(pid, ending)
    remove_folders_of(pid)
    if _ENDED in said:
        sys.exit(int(said.rpartition(_ENDED)[2]))
    _tell_death(os.waitstatus_to_exitcode(status), said.decode(errors="replace"))


def _open_closed() -> None:
    """Let no file that is opened later take the place of a standard one that the shell closed."""
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= _LAST_STANDARD:
        pass
    os.close(descriptor)


def _be_the_command(tell: int, parent_lives: int) -> NoReturn:
    tell_of_end(tell)
    threading.Thread(target=_end_with_parent, args=(parent_lives,), daemon=True).start()
    try:
        heed_interruptions()
        outlive_readers()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _HEEDED | {signal.SIGCHLD})
        cli.main()
    except SystemExit as end:
        code = end.code
    except KeyboardInterrupt:  # before there is anything to interrupt, or a second one
        code = UNKNOWN
    signal.pthread_sigmask(signal.SIG_BLOCK, _HEEDED)
    sys.stdout.flush()
    code = code_of_writing(code, unwritten) if isinstance(code, int) else code
    os.write(tell, _ENDED + str(code).encode())
    sys.exit(code)


def _end_with_parent(parent_lives: int) -> None:
    os.read(parent_lives, 1)
    os.kill(os.getpid(), signal.SIGTERM)


def _wait(pid: int, ending: int) -> tuple[int, bytes]:
    """Wait for the command's end; what ends this process is for that one.

    It is killed if it does not heed that, as in a loop in C that keeps the lock of Python, or if
    a thread of the target keeps it from ending when it has told its exit code.

    Returns:
        Its status, and what it told.
    """
    said, patience, signals = b"", float("inf"), 0
    while True:
        number = signal.sigtimedwait(_HEEDED | {signal.SIGCHLD}, 0.5)
        said += _read(ending)
        if _ENDED in said:
            patience = min(patience, time.monotonic() + _TO_END)
        if number is not None and number.si_signo != signal.SIGCHLD:
            signals += 1
            patience = min(patience, time.monotonic() + _TO_HEED)
            os.kill(pid, signal.SIGKILL if signals > _HINTS else number.si_signo)
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            return status, said + _read(ending)
        if time.monotonic() > patience:
            os.kill(pid, signal.SIGKILL)


def _read(ending: int) -> bytes:
    try:
        return os.read(ending, 1 << 16)
    except BlockingIOError:
        return b""


def _tell_death(code: int, text: str) -> NoReturn:
    if code == -signal.SIGKILL:
        cli.complain("the process was killed before it could tell a verdict", UNKNOWN)
    how = how_it_ended(code, text)
    cli.complain(f"the process in which the target ran {how}; it must not end the process", USAGE)
