"""`--pdb` stops in the code that is struck, and changes nothing of what happens."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from contextlib import suppress
from io import StringIO

import pytest
from in_this_process import ROOT, runfaults

SCENARIO = "faults/controls/one-try-calls-success-failure.toml"
PROMPT = b"(Pdb) "


def debugged(*typed: bytes, options: tuple[str, ...] = ("--history",)) -> tuple[int, list[str]]:
    """Type at each prompt, at a terminal of the command's own.

    Returns:
        The exit code, and what was printed before and after each prompt.
    """
    ours, theirs = pty.openpty()
    command = (sys.executable, "-m", "runfaults", "replay", SCENARIO, "--pdb", *options)
    # What leads a session, and opens a terminal, controls it from then on: it is sent Ctrl-C.
    process = subprocess.Popen(
        ["sh", "-c", f'exec "$@" <>{os.ttyname(theirs)} >&0 2>&0', "sh", *command],
        cwd=ROOT,
        env={**os.environ, "TERM": "dumb"},
        start_new_session=True,
    )
    keys, output = list(typed), b""
    with suppress(OSError):  # nothing has the terminal open any more
        while data := os.read(ours, 65_536):
            if not output:
                os.close(theirs)
            output += data
            if output.endswith(PROMPT) and keys:
                os.write(ours, keys.pop(0))
    code = process.wait()
    os.close(ours)
    assert not keys
    return code, output.decode().replace("\r\n", "\n").split(PROMPT.decode())


def test_it_stops_in_the_frame_that_is_struck_and_goes_on_there() -> None:
    code, said = debugged(b"p job.id\n", b"next\n", b"continue\n")
    assert "plain_manager.py(" in said[0]
    assert ")write()" in said[0]
    assert said[1].splitlines()[1] == "1"
    assert "OperationalError: database is locked" in said[2]
    assert code == 1


def test_what_happens_is_what_happens_without_it() -> None:
    code, said = debugged(b"continue\n")
    plain = runfaults("replay", SCENARIO, "--history")
    assert code == plain.returncode == 1
    assert plain.stdout in said[-1]


@pytest.mark.parametrize("leaving", [b"quit\n", b"\x04", b"\x03"], ids=["quit", "end", "Ctrl-C"])
@pytest.mark.parametrize("before", [(), (b"next\n",)], ids=["at once", "after a step"])
def test_leaving_the_debugger_is_an_interruption(leaving: bytes, before: tuple[bytes, ...]) -> None:
    code, said = debugged(*before, leaving)
    assert code == 3
    assert "interrupted; nothing was left behind" in said[-1]
    assert "BdbQuit" not in said[-1]
    assert "broken" not in said[-1]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ((), "asks what to do at a terminal"),
        (("--real",), "leave out --real"),
        (("--redact",), "add --no-redact"),
    ],
)
def test_where_it_cannot_stop_it_says_so(
    options: tuple[str, ...], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", StringIO("continue"))
    ended = runfaults("replay", SCENARIO, "--pdb", *options)
    assert ended.returncode == 2
    assert said in ended.stderr
