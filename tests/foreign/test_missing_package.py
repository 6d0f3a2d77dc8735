"""A target whose package is not installed: its scenarios are skipped, or told how to be played."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from runfaults.cli.exit_codes import UNKNOWN
from runfaults.cli.replay import command
from runfaults.targets import target_named
from runfaults.targets.optional import MissingPackageError

SCENARIO = """
name = "{name}"
symptom = "A task has returned, but its result is lost."
target = "{name}"
"""


@pytest.fixture(params=["celery", "dbos", "django-tasks", "huey", "mlflow"])
def name(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    for package in ("celery", "dbos", "django", "huey", "mlflow", "sqlalchemy"):
        for module in [each for each in sys.modules if each.split(".")[0] == package]:
            monkeypatch.delitem(sys.modules, module)
        monkeypatch.setitem(sys.modules, package, None)
    return request.param


def test_it_says_what_to_install(name: str, tmp_path: Path) -> None:
    target = target_named(name)
    with pytest.raises(MissingPackageError, match=rf"pip install 'runfaults\[{name}\]'"):
        target.prepare(tmp_path / "file.db")


def test_its_scenarios_in_a_folder_are_skipped_by_replay(name: str, tmp_path: Path) -> None:
    (tmp_path / "lost.toml").write_text(SCENARIO.format(name=name))
    played = CliRunner().invoke(command, [str(tmp_path)])
    assert played.exit_code == UNKNOWN, "all were skipped"
    assert f"lost.toml: skipped: the target {name} needs a package" in played.output


def test_a_scenario_that_is_named_itself_is_not(name: str, tmp_path: Path) -> None:
    file = tmp_path / "lost.toml"
    file.write_text(SCENARIO.format(name=name))
    assert isinstance(CliRunner().invoke(command, [str(file)]).exception, MissingPackageError)


def test_the_plugin_skips_them(name: str, pytester: pytest.Pytester) -> None:
    file = pytester.path / "lost.toml"
    file.write_text(SCENARIO.format(name=name))
    result = pytester.runpytest_inprocess("-p", "no:cacheprovider", "-rs", str(file))
    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines([f"*the target {name} needs a package that is not installed*"])
