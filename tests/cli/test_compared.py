"""`runfaults compare` from the door."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from in_this_process import PLAIN, ROOT, runfaults

from runfaults.campaign import compare
from runfaults.oracle.rules import RULES


def test_a_second_one_that_cannot_be_tested_is_told_before_the_first_takes_its_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[object] = []
    monkeypatch.setattr(compare, "run_campaign", lambda *given: ran.append(given))
    ended = runfaults("compare", PLAIN, "--source", tmp_path)
    assert ended.returncode == 2
    assert f"{tmp_path}: no class RunManager" in ended.stderr
    assert "give the folder of a checkout" in ended.stderr
    assert ran == []


SETTINGS = """\
[tool.runfaults]
target = "p.py:Plain"
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    shutil.copy(ROOT / PLAIN.partition(":")[0], tmp_path / "p.py")
    return tmp_path


def test_one_alone_is_compared_with_the_projects_target(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "pyproject.toml").write_text(SETTINGS)
    monkeypatch.setenv("COLUMNS", "80")
    second = "p.py:PlainTarget"
    ended = runfaults("compare", second, "--bound", "0,0,0", "--jobs", "1", folder=project)
    assert ended.returncode == 0, ended.stderr
    head, *rest = ended.stdout.splitlines()
    assert head.split() == ["p.py:Plain", second]
    assert max(map(len, rest)) <= 80
    names = {line.split()[0] for line in rest if line[:1].isalpha()}
    assert {rule.name for rule in RULES} <= names
    assert rest[-1] == f"{second}: not worse: it breaks no rule that p.py:Plain does not break"


def test_the_last_line_says_what_the_exit_code_does(project: Path) -> None:
    shutil.copy(ROOT / "tests/controls/one_try.py", project)
    (project / "plain_manager.py").write_text((project / "p.py").read_text())
    plain, planted = "plain_manager.py:Plain", "one_try.py:OneTry"
    bound = ("--bound", "1,0,0", "--jobs", "1")
    worse = runfaults("compare", plain, planted, *bound, folder=project)
    assert worse.returncode == 1, worse.stderr
    told = worse.stdout.splitlines()[-1]
    assert told.startswith(f"{planted}: worse: {plain} does not break ")
    assert "succeeded-never-failed" in told
    better = runfaults("compare", planted, plain, *bound, folder=project)
    assert better.returncode == 0, better.stderr
    assert better.stdout.splitlines()[-1].startswith(f"{plain}: not worse: ")


def test_one_alone_is_too_few_without_a_project(project: Path) -> None:
    ended = runfaults("compare", "p.py:Plain", folder=project)
    assert ended.returncode == 2
    assert "1 given, 2 are compared" in ended.stderr
    assert "[tool.runfaults]" in ended.stderr
