"""Escape sequences in what the target says are shown, not obeyed."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from in_this_process import ROOT, runfaults

LOUD = """\
from plain_manager import PlainManager, PlainTarget


class LoudManager(PlainManager):
    def cancel(self, run):
        print("\\x1b[1Aover")
        raise ValueError("\\x1b[2Jgone")


class Loud(PlainTarget):
    manager = LoudManager
"""
SCENARIO = """\
name = "loud"
symptom = "It clears the screen."
target = "loud.py:Loud"

[[act]]
kind = "cancel"
at = "run commit"
"""


@pytest.mark.parametrize("options", [(), ("--history",)], ids=str)
def test_a_replay_spells_them_out(options: tuple[str, ...], tmp_path: Path) -> None:
    shutil.copy(ROOT / "tests/controls/plain_manager.py", tmp_path)
    (tmp_path / "loud.py").write_text(LOUD)
    (tmp_path / "loud.toml").write_text(SCENARIO)
    ended = runfaults("replay", "loud.toml", *options, folder=tmp_path)
    assert ended.returncode == 1, ended.stderr
    assert r"\x1b[2Jgone" in ended.stdout
    assert "\x1b" not in ended.stdout
    assert ("The target printed:\n  \\x1b[1Aover\n" in ended.stdout) is (options == ())
    assert "over" not in ended.stderr


def test_a_complaint_spells_them_out(tmp_path: Path) -> None:
    ended = runfaults("check", "--target", "a\x1b[2J.py:T", folder=tmp_path)
    assert ended.returncode == 2
    assert "\x1b" not in ended.stderr
