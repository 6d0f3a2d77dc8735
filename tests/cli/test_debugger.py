"""`--pdb` stops in the code that is struck, and changes nothing of what happens."""

from __future__ import annotations

import subprocess
import sys

import pytest
from in_this_process import ROOT

SCENARIO = "faults/controls/one-try-calls-success-failure.toml"


def debugged(commands: str, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "runfaults", "replay", SCENARIO, *options],
        input=commands,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_stops_in_the_frame_that_is_struck_and_goes_on_there() -> None:
    ended = debugged("p job.id\nnext\ncontinue\n", "--pdb")
    prompts = ended.stdout.split("(Pdb) ")
    assert "plain_manager.py(" in prompts[0]
    assert ")write()" in prompts[0]
    assert prompts[1].strip() == "1"
    assert "OperationalError: database is locked" in prompts[2]
    assert ended.returncode == 1


def test_what_happens_is_what_happens_without_it() -> None:
    shown = debugged("continue\n", "--pdb", "--history")
    plain = debugged("", "--history")
    assert shown.stdout.partition("(Pdb) ")[2] == plain.stdout


@pytest.mark.parametrize("command", ["quit\n", ""])
def test_leaving_the_debugger_is_an_interruption(command: str) -> None:
    ended = debugged(command, "--pdb")
    assert ended.returncode == 3
    assert "interrupted" in ended.stderr
    assert "broken" not in ended.stdout
