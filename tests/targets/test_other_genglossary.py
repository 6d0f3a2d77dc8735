"""`runfaults check` typed in or beside a checkout of GenGlossary says what is to be typed."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from runfaults.targets.genglossary import GenGlossary
from runfaults.targets.nearby import option_for_nearby
from runfaults.targets.target import TargetError


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    projects = tmp_path / "home" / "user" / "projects"
    folder = projects / "GenGlossary"
    (folder / "src" / "genglossary" / "runs").mkdir(parents=True)
    (folder / "src" / "genglossary" / "runs" / "manager.py").touch()
    (folder / "tests").mkdir()
    (projects / "other").mkdir()
    return folder


@pytest.mark.parametrize(
    ("typed_in", "expected"),
    [
        (".", "--source ."),
        ("src", "--source ."),
        ("tests", "--source .."),
        ("..", "--source GenGlossary"),
        ("../other", "--source ../GenGlossary"),
        ("../../..", "--source PATH"),
    ],
)
def test_the_option_names_the_checkout_that_is_nearest(
    checkout: Path, typed_in: str, expected: str
) -> None:
    assert option_for_nearby((checkout / typed_in).resolve()) == expected


class AnotherManager:
    """A `RunManager` of another version."""

    def __init__(self, db_path: str, doc_root: str = ".") -> None: ...


def test_another_version_that_is_imported_is_no_type_error(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    module: Any = ModuleType("genglossary.runs.manager")
    module.__file__ = str(checkout / "src" / "genglossary" / "runs" / "manager.py")
    module.RunManager = AnotherManager
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.chdir(checkout)
    with pytest.raises(TargetError) as raised:
        GenGlossary().prepare(tmp_path / "runs.db")
    assert str(module.__file__) in str(raised.value)
    assert "`runfaults check --source .`" in str(raised.value)


def test_one_that_cannot_be_imported_is_found_all_the_same(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "genglossary.runs.manager", None)
    monkeypatch.chdir(checkout.parent)
    with pytest.raises(TargetError, match="give a checkout with --source GenGlossary"):
        GenGlossary().prepare(tmp_path / "runs.db")
