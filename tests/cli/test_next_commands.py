"""The last line of each command, on a terminal, is what to type next; it can be typed."""

from __future__ import annotations

import shlex
from io import StringIO
from pathlib import Path

import in_this_process
import pytest
from in_this_process import PLAIN, ROOT, runfaults

PLANTED = "faults/controls/one-try-calls-success-failure.toml"


@pytest.fixture(autouse=True)
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(in_this_process, "StringIO", Terminal)


def named(*words: object) -> list[str]:
    """The words of the command that the last line names."""
    ended = runfaults(*words)
    assert ended.returncode in {0, 1}, ended.stderr
    return shlex.split(ended.stderr.splitlines()[-1])[1:]


def test_a_replay_names_the_debugger_and_a_picture(tmp_path: Path) -> None:
    assert named("replay", PLANTED) == ["replay", PLANTED, "--pdb"]
    drawing = named("replay", "--redact", PLANTED)
    assert drawing[:3] == ["draw", "--redact", PLANTED]
    picture = tmp_path / "picture.svg"
    assert named("draw", PLANTED, "-o", picture) == ["replay", PLANTED]
    assert picture.exists()


def test_a_replay_that_holds_names_nothing() -> None:
    """An innocent twin."""
    twin = "tests/controls/one_try.py:RecordsApart"
    assert "\n    runfaults " not in runfaults("replay", PLANTED, "--target", twin).stderr


def test_what_minimise_names_is_enough_to_replay_it(tmp_path: Path) -> None:
    ended = runfaults("minimise", PLANTED, "-o", tmp_path / "small.toml")
    again = shlex.split(ended.stdout.rpartition("to reproduce:\n")[2])[1:]
    assert runfaults(*again, folder=ROOT).returncode == 1


def test_what_does_not_fail_is_named_with_what_shows_it(tmp_path: Path) -> None:
    file = tmp_path / "a b.toml"
    file.write_text('name = "calm"\nsymptom = "None."\ntarget = "genglossary"\n')
    ended = runfaults("minimise", file, "--target", PLAIN, "-o", tmp_path / "small.toml")
    assert ended.returncode == 2
    assert f"{file}: '" in ended.stderr
    assert "does not fail: every rule holds" in ended.stderr
    again = shlex.split(ended.stderr.split("`")[1])
    assert again == ["runfaults", "replay", str(file), "--target", PLAIN]
    assert runfaults(*again[1:]).returncode == 0


@pytest.mark.nightly
def test_a_comparison_names_a_check_of_the_worse() -> None:
    one, other = (f"tests/controls/one_try.py:{name}" for name in ("RecordsApart", "OneTry"))
    assert named("compare", one, other, "--bound", "single", "--jobs", "1") == [
        *("check", "--target", other, "--bound", "single")
    ]
