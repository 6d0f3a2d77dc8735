"""`[tool.runfaults]` stands for the options that are not given."""

from __future__ import annotations

import json
import shutil
from io import StringIO
from pathlib import Path

import pytest
from in_this_process import ROOT, runfaults

from runfaults.campaign.settings import SettingsError, load_settings, own_folder
from runfaults.cli.aim import DEFAULT, chosen_target

FEW = ("--bound", "1,0,0", "--only", "busy")
CONTROLS = ("one_try.py", "plain_manager.py")
SETTINGS = """\
[tool.runfaults]
target = "targets/one_try.py:OneTry"
bound = "0,0,0"
budget = "5m"
save = "violations"
baseline = "known.toml"
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "targets").mkdir()
    for name in CONTROLS:
        shutil.copy(ROOT / "tests/controls" / name, tmp_path / "targets")
    (tmp_path / "pyproject.toml").write_text(SETTINGS)
    (tmp_path / "below").mkdir()
    return tmp_path


def told(folder: Path, *arguments: str) -> dict[str, object]:
    ended = runfaults("check", "--jobs", 1, "--json", "told.json", *arguments, folder=folder)
    assert ended.returncode in {0, 1}, ended.stdout + ended.stderr
    return json.loads((folder / "told.json").read_text("utf-8"))


def test_a_check_without_arguments_takes_all_of_them(project: Path) -> None:
    assert told(project, "--update-baseline")["target"] == "targets/one_try.py:OneTry"
    assert (project / "known.toml").exists()
    assert "known.toml" not in {path.name for path in (project / "below").iterdir()}
    document = told(project / "below")
    assert document["target"] == "../targets/one_try.py:OneTry"
    assert "preemption" in str(document["bound"])


def test_what_is_given_takes_the_place_of_a_setting(project: Path) -> None:
    (project / "known.toml").write_text("")
    options = (*FEW, "--save", "mine")
    assert told(project, *options)["verdict"] == "broken"
    assert list((project / "mine").iterdir())
    assert not (project / "violations").exists()
    right = ("--target", "targets/plain_manager.py:Plain")
    assert told(project, *options, *right)["verdict"] == "holds"


def test_violations_are_saved_where_the_settings_say(project: Path) -> None:
    (project / "known.toml").write_text("")
    assert told(project / "below", *FEW)["verdict"] == "broken"
    assert list((project / "violations").glob("*.toml"))


def test_points_are_those_of_the_project_s_target(project: Path) -> None:
    own = runfaults("points", folder=project)
    given = runfaults("points", "--target", "targets/one_try.py:OneTry", folder=project)
    assert own.returncode == 0, own.stderr
    assert own.stdout == given.stdout
    assert own.stdout != runfaults("points", "--target", DEFAULT).stdout


def test_a_project_may_name_a_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.runfaults]\nsource = "."\n')
    (tmp_path / "below").mkdir()
    monkeypatch.chdir(tmp_path / "below")
    assert chosen_target(None, None) == f"source:{tmp_path.resolve()}"
    assert chosen_target("huey", None) == "huey"
    assert chosen_target(None, Path()) == f"source:{Path.cwd()}"


def test_without_settings_the_target_is_the_one_that_comes_along(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert chosen_target(None, None) == DEFAULT


@pytest.mark.parametrize("command", ["check", "points", "crash", "chaos"])
def test_a_target_and_a_checkout_are_one_too_many(command: str, project: Path) -> None:
    ended = runfaults(command, "--target", "huey", "--source", ".", folder=project)
    assert ended.returncode == 2
    assert "give one of them" in ended.stderr


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("bound = 1", '`bound` is not a text; write bound = "quick"'),
        ('save = ""', "`save` is not a text"),
        ('target = "a"\nsource = "b"', "a check has one of them"),
        ('redact = "yes"', "`redact` is not true or false; write redact = true"),
        ('bounds = "quick"', "unknown key 'bounds'; allowed are: rules, target, source"),
    ],
)
def test_a_setting_that_means_nothing_says_what_to_write(
    line: str, said: str, tmp_path: Path
) -> None:
    (tmp_path / "pyproject.toml").write_text(f"[tool.runfaults]\n{line}\n")
    with pytest.raises(SettingsError) as raised:
        load_settings(tmp_path)
    assert said in str(raised.value)
    assert "pyproject.toml" in str(raised.value)


@pytest.mark.parametrize("line", ['bound = "huge"', 'budget = "soon"', 'target = "nothing"'])
def test_a_setting_that_cannot_be_used_is_wrong_usage(line: str, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(f"[tool.runfaults]\n{line}\n")
    ended = runfaults("check", folder=tmp_path)
    assert ended.returncode == 2
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("command", ["check", "points", "crash", "chaos"])
def test_every_command_that_tests_takes_the_target_of_the_project(
    command: str, tmp_path: Path
) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.runfaults]\ntarget = "gone.py:Target"\n')
    ended = runfaults(command, folder=tmp_path)
    assert ended.returncode == 2
    assert "gone.py" in ended.stderr
    ended = runfaults(command, "--source", ".", folder=tmp_path)
    assert ended.returncode == 2
    assert "RunManager" in ended.stderr


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


def test_a_check_without_a_target_says_what_it_tests_and_how_to_name_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "no target is named" not in runfaults("points", folder=tmp_path).stderr
    monkeypatch.setattr("in_this_process.StringIO", Terminal)
    ended = runfaults("points", folder=tmp_path)
    assert ended.returncode == 0
    assert "no target is named, so this is genglossary" in ended.stderr
    assert "\n    runfaults points --target FILE.py:CLASS\n" in ended.stderr
    (tmp_path / "pyproject.toml").write_text('[tool.runfaults]\ntarget = "genglossary"\n')
    assert "no target is named" not in runfaults("points", folder=tmp_path).stderr


def test_scenarios_are_saved_beside_the_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "below").mkdir()
    monkeypatch.chdir(tmp_path / "below")
    assert load_settings().save == own_folder() == Path(".runfaults")
    (tmp_path / "pyproject.toml").write_text('[tool.runfaults]\ntarget = "huey"\n')
    assert load_settings().save == own_folder() == Path("../.runfaults")
