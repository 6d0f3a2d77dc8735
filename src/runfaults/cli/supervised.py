"""The command in a process of its own, so that its end is told whatever the target does to it.

A target that ends the process (`os._exit`, a crash in C), or keeps the interpreter's lock for good,
takes no more than that one with it; the exit code is never the target's. A third process waits for
the end of both: it removes what is left where the first one was killed.
"""

from __future__ import annotations

import atexit
import faulthandler
import gc
import os
import signal
import sys
import threading
import time
from time import sleep
from typing import NoReturn

from runfaults import cli
from runfaults.cli.exit_codes import UNKNOWN, USAGE
from runfaults.cli.output import outlive_readers, unwritten
from runfaults.cli.overheard import Prints, kept_by, target_apart
from runfaults.cli.writing import code_of_writing
from runfaults.process_end import (
    BEAT,
    CLEAN_RUNS_OVER,
    HUNG,
    HUNG_AFTER,
    Teller,
    how_it_ended,
    place_at_work,
    tell_of_end,
)
from runfaults.temporary import remove_folders_of
from runfaults.user_code import interrupting

_ENDED = b"\0"
"""What the command's process tells before its exit code, when it ends by itself."""

_SIGN_OF_LIFE = b"\2"
"""What it tells every second, unless a thread keeps the interpreter's lock."""

_ROUND = 0.5
"""Real seconds in which the command's process is waited for at once; rounds are counted, and not
the time, for that passes too while a terminal has stopped both."""

_TO_END = 5.0
"""Real seconds for the end of a command that has told its exit code."""

_TO_HEED = 60.0
"""Real seconds for the end of a command that was interrupted: it still reports what it found."""

_TO_HEED_LOCKED = 3.0
"""Real seconds for the end of one that was interrupted and shows no sign of life."""

_HINTS = 2
"""Interruptions that are passed on; one more kills the command."""

_BY_TERMINAL = 0x80
"""SI_KERNEL, the origin of a signal: a terminal sends it to the command's process too."""

_LAST_STANDARD = 2


def main() -> None:
    """Run the command that was typed; exits with its exit code."""
    if not hasattr(os, "fork"):
        cli.main()
    _open_closed()
    ending, tell = os.pipe()
    parent_lives, parent = os.pipe()
    prints = Prints()
    heeded = interrupting()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_BLOCK, heeded | {signal.SIGCHLD})
    pid = os.fork()
    if not pid:
        os.close(parent)
        kept_by(prints)
        _be_the_command(tell, parent_lives)
    for number in signal.sigpending() & heeded:
        os.kill(pid, number)  # it has come before that process was there
    os.close(tell)
    undertaker = os.fork()
    if not undertaker:
        os.close(parent)
        _be_the_undertaker(pid, parent_lives)
    prints.listen()
    os.set_blocking(ending, False)
    command = _Command(pid, ending, heeded)
    status = command.wait()
    remove_folders_of(pid)
    os.write(parent, b"all has ended")
    os.waitpid(undertaker, 0)
    prints.tell()
    command.tell_end(os.waitstatus_to_exitcode(status))


def _open_closed() -> None:
    """Let no file that is opened later take the place of a standard one that the shell closed."""
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= _LAST_STANDARD:
        pass
    os.close(descriptor)


# --- the command's process ------------------------------------------------------------------------


def _be_the_command(tell: int, parent_lives: int) -> NoReturn:
    end = os._exit  # it is documented, for all its name
    teller = tell_of_end(tell)
    faulthandler.register(signal.SIGUSR2, tell)
    threading.Thread(target=_end_with_parent, args=(parent_lives,), daemon=True).start()
    threading.Thread(target=_show_life, args=(teller,), daemon=True).start()
    try:
        outlive_readers()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})
        cli.main(gc.freeze)  # each simulation that it enters searches what is not frozen
    except SystemExit as stop:
        code = stop.code
    except KeyboardInterrupt:  # before there is anything to interrupt, or a second one
        code = UNKNOWN
    signal.pthread_sigmask(signal.SIG_BLOCK, interrupting())
    sys.stdout.flush()
    code = code_of_writing(code, unwritten) if isinstance(code, int) else UNKNOWN
    teller.tell(_ENDED + b"%d" % code + _ENDED)
    # Python would wait for every thread of the target's that is no daemon.
    with target_apart():
        atexit._run_exitfuncs()  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  # nothing else does it
    sys.stdout.flush()
    sys.stderr.flush()
    end(code)


def _end_with_parent(parent_lives: int) -> None:
    os.read(parent_lives, 1)
    os.kill(os.getpid(), signal.SIGTERM)


def _show_life(teller: Teller) -> None:
    while teller.tell(_SIGN_OF_LIFE):
        sleep(BEAT)


# --- the process that was typed -------------------------------------------------------------------


class _Command:
    """The command's process, seen from the one that was typed.

    Args:
        pid: Its number.
        ending: What it tells comes from there.
        heeded: What ends this process is for that one.
    """

    def __init__(self, pid: int, ending: int, heeded: set[signal.Signals]) -> None:
        self._pid = pid
        self._ending = ending
        self._heeded = heeded
        self._said = b""
        self._silent = 0.0
        self._is_hung = False
        self._is_heard = True

    def wait(self) -> int:
        """Wait for its end; returns its status.

        It is killed if it does not heed an interruption, if it shows no sign of life, as in a loop
        in C that keeps the lock of Python, or if a thread of the target keeps it from ending when
        it has told its exit code.
        """
        patience, signals = float("inf"), 0
        while True:
            number = signal.sigtimedwait(self._heeded | {signal.SIGCHLD}, _ROUND)
            self._listen()
            self._silent += _ROUND if number is None else 0.0
            if _ENDED in self._said:
                patience = min(patience, time.monotonic() + _TO_END)
            if number is not None and number.si_signo != signal.SIGCHLD:
                signals += 1
                patience = min(patience, time.monotonic() + _TO_HEED)
                if signals > _HINTS:
                    os.kill(self._pid, signal.SIGKILL)
                elif number.si_code != _BY_TERMINAL:
                    os.kill(self._pid, number.si_signo)
            ended, status = os.waitpid(self._pid, os.WNOHANG)
            if ended:
                self._listen()
                return status
            self._kill_if_hung(interrupted=signals > 0)
            if time.monotonic() > patience:
                os.kill(self._pid, signal.SIGKILL)

    def _listen(self) -> None:
        try:
            heard = os.read(self._ending, 1 << 16)
        except BlockingIOError:
            return
        self._is_heard = bool(heard)  # else the target has closed that, and it shows no life
        if _SIGN_OF_LIFE in heard:
            self._silent = 0.0
        self._said += heard.replace(_SIGN_OF_LIFE, b"")

    def _kill_if_hung(self, *, interrupted: bool) -> None:
        limit = _TO_HEED_LOCKED if interrupted else HUNG_AFTER
        if self._silent < limit or _ENDED in self._said or self._is_hung or not self._is_heard:
            return
        self._is_hung = not interrupted
        if self._is_hung:
            os.kill(self._pid, signal.SIGUSR2)
            sleep(_ROUND)  # for `faulthandler` to write the stacks
            self._listen()
        os.kill(self._pid, signal.SIGKILL)

    def tell_end(self, code: int) -> NoReturn:
        """Exit with the exit code that it has told, or tell how it died."""
        if _ENDED in self._said:
            sys.exit(int(self._said.split(_ENDED)[1]))
        is_clean = CLEAN_RUNS_OVER not in self._said
        text = self._said.replace(CLEAN_RUNS_OVER, b"").decode(errors="replace")
        if self._is_hung:
            where = "a clean run" if is_clean else "a schedule"
            cli.complain(
                f"the target hangs in {where}: it {HUNG}{place_at_work(text)}",
                USAGE if is_clean else UNKNOWN,
            )
        if code == -signal.SIGKILL:
            cli.complain("the process was killed before it could tell a verdict", UNKNOWN)
        how = how_it_ended(code, text)
        cli.complain(
            f"the process in which the target ran {how}; it must not end the process", USAGE
        )


# --- the process that outlives both ---------------------------------------------------------------


def _be_the_undertaker(pid: int, parent_lives: int) -> NoReturn:
    """Where the process that was typed is killed, end the command's, and remove its folders."""
    end = os._exit  # it is documented, for all its name
    nowhere = os.open(os.devnull, os.O_RDWR)
    for standard in range(_LAST_STANDARD + 1):
        os.dup2(nowhere, standard)  # who reads them waits for the end of those who write
    if not os.read(parent_lives, 1):
        _end_orphan(pid)
        remove_folders_of(pid)
    end(0)


def _end_orphan(pid: int) -> None:
    """Let it end by itself, which removes all that it has; else kill it."""
    until = time.monotonic() + _TO_END
    try:
        while time.monotonic() < until:
            os.kill(pid, 0)
            sleep(_ROUND / 5)
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
