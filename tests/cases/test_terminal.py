"""Ctrl-C on a terminal goes to every process of the command at once, and is heeded once."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

CTRL_C = b"\x03"

ON_TERMINAL = """
import os, sys
os.open(os.ttyname(0), os.O_RDWR)  # the first process of a session gets a terminal so
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""

COUNTING = """
import os, signal, sys
from runfaults.cli import supervised
from runfaults.user_code import heed_interruptions, interruptions

def count(loaded):
    heed_interruptions()
    interruptions.asked_for = True
    ended = []
    signal.signal(signal.SIGTERM, lambda number, _: ended.append(number))
    print("ready", flush=True)
    told = 0
    while not ended:
        if told != interruptions.count:
            told = interruptions.count
            print("counted", told, flush=True)
        signal.sigtimedwait([], 0.01)
    sys.exit(3)

def kill(pid, number, real=os.kill, typed=os.getpid()):
    if os.getpid() == typed:
        print("passed on", signal.Signals(number).name, flush=True)
    real(pid, number)

supervised.cli.main, os.kill = count, kill
supervised.main()
"""

BROKEN = """
    import os
    from jobs import Jobs, JobsTarget

    class Target(JobsTarget):
        runs = 0
        class jobs(Jobs):
            def record(self, connection, job, state):
                super().record(connection, job, state)
                super().record(connection, job, "error")
                Target.runs += 1
                if Target.runs == 40 and os.path.exists("far"):
                    with open("far", "w") as far:
                        far.write("enough")
"""


class Terminal:
    """A command on a terminal of its own.

    Args:
        folder: Where it is typed.
        words: For Python.
    """

    def __init__(self, folder: Path, *words: str) -> None:
        self.master, slave = os.openpty()
        self.text = ""
        self.process = subprocess.Popen(
            [sys.executable, "-c", ON_TERMINAL, *words],
            cwd=folder,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
        )
        os.close(slave)

    def press(self) -> None:
        """Press Ctrl-C."""
        os.write(self.master, CTRL_C)

    def read_until(self, text: str) -> None:
        """Read what it prints, until it has printed this."""
        while text not in self.text:
            assert self._read(), self.text

    def end(self) -> int:
        """Read the rest; returns the exit code."""
        while self._read():
            pass
        os.close(self.master)
        return self.process.wait()

    def _read(self) -> bool:
        try:
            heard = os.read(self.master, 4096)
        except OSError:  # no process has the other end any more
            return False
        self.text += heard.decode(errors="replace")
        return bool(heard)


@pytest.mark.parametrize("jobs", ["2", pytest.param("1", marks=pytest.mark.nightly)])
def test_two_of_them_lose_nothing_that_was_found(here: Any, jobs: str) -> None:
    here.write("target.py", BROKEN)
    os.mkfifo(here.folder / "far")
    words = ("check", "--target", "target.py:Target", "--bound", "1,0,2", "--jobs", jobs)
    terminal = Terminal(here.folder, "-m", "runfaults", *words)
    with (here.folder / "far").open() as far:
        assert far.read() == "enough"
    (here.folder / "far").unlink()
    terminal.press()
    terminal.read_until("^C")
    terminal.press()
    assert terminal.end() == 1, terminal.text
    assert "broken by" in terminal.text
    assert "Traceback" not in terminal.text
    assert not here.left_of(terminal.process.pid)


EARLY = """
import signal, sys

class Pressing:
    def find_spec(self, name, path=None, target=None):
        if name == "click":
            signal.raise_signal(signal.SIGINT)

sys.meta_path.insert(0, Pressing())
from runfaults.__main__ import main
main()
"""


def test_one_while_the_command_is_imported_is_told(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", EARLY, "points"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 3
    assert ended.stderr.startswith("runfaults: interrupted; nothing was left behind")


def test_it_is_not_repeated(tmp_path: Path) -> None:
    """The process that was typed gets it too, and passes on only what is for itself alone."""
    terminal = Terminal(tmp_path, "-c", COUNTING)
    terminal.read_until("ready")
    terminal.press()
    terminal.read_until("counted 1")
    terminal.process.terminate()
    assert terminal.end() == 3
    assert terminal.text.count("passed on") == terminal.text.count("passed on SIGTERM") == 1
