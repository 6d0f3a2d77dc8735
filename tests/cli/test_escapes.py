"""Escape sequences in what the target says are shown, not obeyed; so are commands to a CI."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from in_this_process import ROOT, Ended, runfaults

from runfaults.report.typed import quoted

LOUD = """\
import os
import sys

from plain_manager import PlainManager, PlainTarget

print("\\x1b[2Jimported")
print("::error::imported", file=sys.stderr)
os.write(1, b"::error::past Python\\n")
os.write(2, b"\\x1b[2Jpast Python\\n")


class LoudManager(PlainManager):
    def cancel(self, run):
        print("\\x1b[1Aover")
        print("::error::over")
        os.system("echo '##[error]by a process'")
        raise ValueError("\\x1b[2Jgone")


class Loud(PlainTarget):
    manager = LoudManager


class Quiet(PlainTarget):
    pass
"""
SCENARIO = """\
name = "loud"
symptom = "It clears the screen."
target = {target}

[[act]]
kind = "cancel"
at = "run commit"
"""
HEADING = "Printed outside of any schedule, or past Python's standard output:\n"
ODD = "lo\x1b[2Jud\nit's.py"
COMMANDS = {
    "replay": ("replay", "FILE"),
    "history": ("replay", "FILE", "--history"),
    "draw": ("draw", "FILE", "-o", "loud.svg"),
    "minimise": ("minimise", "FILE"),
    "points": ("points", "--target", "TARGET"),
    "explain": ("check", "--explain", "--target", "TARGET"),
    "check": (
        *("check", "--target", "TARGET", "--bound", "0,1,0", "--pipeline", "succeeds"),
        *("--only", "cancel", "--jobs", "1", "--github"),
    ),
    "compare": ("compare", "TARGET", "TARGET", "--bound", "0,0,0", "--jobs", "1"),
    "crash": ("crash", "--target", "TARGET", "--schedule", "pipeline succeeds"),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copy(ROOT / "tests/controls/plain_manager.py", tmp_path)
    (tmp_path / "loud.py").write_text(LOUD)
    (tmp_path / "loud.toml").write_text(SCENARIO.format(target='"loud.py:Loud"'))
    return tmp_path


def obeyed(text: str) -> list[str]:
    """What a terminal, or GitHub, would obey; not the annotations of the report itself."""
    found = re.findall(r"\x1b.*|^\s*::.*|##\[.*", text, flags=re.MULTILINE)
    return [each for each in found if "title=runfaults" not in each]


def typed(folder: Path, words: tuple[str, ...], file: str, target: str) -> Ended:
    given = {"FILE": file, "TARGET": target}
    return runfaults(*(given.get(word, word) for word in words), folder=folder)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_tells_what_was_printed_and_spells_it_out(
    command: str, folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    ended = typed(folder, COMMANDS[command], "loud.toml", "loud.py:Loud")
    assert ended.returncode in {0, 1}, ended.stderr
    assert HEADING in ended.stderr
    for line in ("\\x1b[2Jimported", "\\x3a:error::past Python", "\\x1b[2Jpast Python"):
        assert f"\n  {line}" in ended.stderr
    assert obeyed(ended.stdout + ended.stderr) == []
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("command", ["replay", "points", "compare"])
def test_nothing_is_told_of_a_quiet_target(command: str, folder: Path) -> None:
    """An innocent twin."""
    (folder / "loud.py").write_text(LOUD.replace("print(", "str(").replace("os.write", "max"))
    ended = typed(folder, COMMANDS[command], "loud.toml", "loud.py:Quiet")
    assert HEADING not in ended.stderr


@pytest.mark.parametrize("options", [(), ("--history",)], ids=str)
def test_a_replay_tells_apart_what_a_schedule_printed(
    options: tuple[str, ...], folder: Path
) -> None:
    ended = runfaults("replay", "loud.toml", *options, folder=folder)
    assert ended.returncode == 1, ended.stderr
    assert r"\x1b[2Jgone" in ended.stdout
    printed = "The target printed:\n  \\x1b[1Aover\n  \\x3a:error::over\n"
    assert (printed in ended.stdout) is (options == ())
    assert "over" not in ended.stderr
    assert r"\x23#[error]by a process" in ended.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_names_of_files_are_spelt_out(command: str, folder: Path) -> None:
    (folder / "loud.py").rename(folder / ODD)
    (folder / "loud.toml").unlink()
    file = f"{ODD}.toml"
    (folder / file).write_text(SCENARIO.format(target=json.dumps(f"{ODD}:Loud")))
    ended = typed(folder, COMMANDS[command], file, f"{ODD}:Loud")
    assert ended.returncode in {0, 1}, ended.stderr
    assert obeyed(ended.stdout + ended.stderr) == []


@pytest.mark.parametrize(
    "name", [ODD, "a b", "it's", "\x9b1m", "\u202eevil", "::stop", "\udcff\\n"]
)
def test_a_shell_takes_a_spelt_word_for_the_same(name: str, tmp_path: Path) -> None:
    shown = quoted(name)
    assert "\n" not in shown
    assert shown.isascii()
    told = [
        sys.executable,
        "-c",
        "import os, sys; sys.stdout.buffer.write(os.fsencode(sys.argv[1]))",
    ]
    ended = subprocess.run(
        ["bash", "-c", f'"$0" "$1" "$2" {shown}', *told], capture_output=True, check=True
    )
    assert ended.stdout.decode(errors="surrogateescape") == name


def test_a_complaint_spells_them_out(tmp_path: Path) -> None:
    for words in (("check", "--target", "a\x1b[2J.py:T"), ("replay", "a\x1b[2J.toml")):
        ended = runfaults(*words, folder=tmp_path)
        assert ended.returncode == 2
        assert r"a\x1b[2J" in ended.stderr
        assert obeyed(ended.stderr) == []
