"""Types commands about a small program, in a folder of its own.

`type` starts a process and sees that none is left of it; `check` runs in this one, and is quick.
"""

from __future__ import annotations

import os
import select
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import pytest

from runfaults.cli import main
from runfaults.targets import target_named
from runfaults.targets.target import Target

JOBS = Path(__file__).with_name("jobs.py")

# small_jobs and small_checks, for tests that type no commands
sys.path += [str(Path(__file__).parent), str(Path(__file__).parents[1])]

LONGEST = 300
"""Seconds after which a command is said to hang."""


class Told(NamedTuple):
    """What a command came to.

    Attributes:
        code: Its exit code.
        text: All that it printed, with every run of blanks as one space.
    """

    code: int
    text: str


class Surroundings:
    """A folder with the small job runner, in which commands are typed.

    Attributes:
        folder: Where.
        run: Runs a command in this process.
    """

    def __init__(self, folder: Path, run: Callable[..., Told]) -> None:
        self.folder = folder
        self.run = run
        shutil.copy(JOBS, folder)

    def write(self, name: str, text: str) -> None:
        """Write a file of the user's."""
        (self.folder / name).write_text(textwrap.dedent(text).lstrip("\n"), encoding="utf-8")

    def begin(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        """Begin a command, as the first process of a session of its own."""
        return subprocess.Popen(
            [sys.executable, "-m", "runfaults.cli", *arguments],
            cwd=self.folder,
            env={**os.environ, "COLUMNS": "200", **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def type(self, *arguments: str, **environment: str) -> Told:
        """Type a command; no process of it may be left when it has ended."""
        with self.begin(*arguments, **environment) as process:
            output, _ = process.communicate(timeout=LONGEST)
        assert not still_alive(process.pid), output
        return Told(process.returncode, " ".join(output.split()))

    def left_of(self, session: int) -> list[str]:
        """The command lines of what is left of a command."""
        return still_alive(session)

    def target(self, program: str) -> Target:
        """The class `Target` of a program."""
        self.write("target.py", program)
        return target_named("target.py:Target")

    def check(self, program: str, *arguments: str) -> Told:
        """Check the class `Target` of a program, by default without fault, act and pause."""
        self.write("target.py", program)
        bound = () if "--bound" in arguments else ("--bound", "0,0,0")
        given = ("--target", "target.py:Target", "--no-cache", "--jobs", "1", *bound, *arguments)
        return self.run("check", *given)


def still_alive(session: int) -> list[str]:
    """The command lines of a session's processes that do not end by themselves."""
    return [line for pid in _of_session(session) if (line := _outlives(pid))]


def _of_session(session: int) -> list[int]:
    found: list[int] = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                status = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(status[3]) == session and status[0] != "Z":
                found.append(int(entry.name))
    return found


def _outlives(pid: int) -> str:
    """The command line of a process; empty if it ends within 20 seconds."""
    try:
        descriptor = os.pidfd_open(pid)
        line = Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    except OSError:
        return ""
    with closing(os.fdopen(descriptor)) as process:
        ended = select.select([process], [], [], 20)[0]
    return "" if ended else line


@pytest.fixture
def here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Iterator[Surroundings]:
    """An empty folder to be in."""

    def run(*arguments: str) -> Told:
        monkeypatch.setattr("sys.argv", ["runfaults", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        code = ended.value.code
        return Told(
            code if isinstance(code, int) else 0, " ".join("".join(capfd.readouterr()).split())
        )

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr("sys.path", [*sys.path, str(tmp_path)])
    from small_checks import heeding  # found by now

    with heeding():
        yield Surroundings(tmp_path, run)
    sys.modules.pop("jobs", None)
