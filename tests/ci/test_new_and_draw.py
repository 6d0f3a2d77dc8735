"""`runfaults new` and `runfaults draw`, as they are typed."""

from __future__ import annotations

import json
import shlex
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from xml.etree.ElementTree import fromstring

import jsonschema
import pytest

from runfaults.scenario.schema import scenario_schema

ROOT = Path(__file__).parents[2]
PLAIN = f"{ROOT / 'tests/controls/plain_manager.py'}:Plain"
SCENARIO = ROOT / "faults" / "commit-answer-lost.toml"


Typed = Callable[..., int]


@pytest.mark.parametrize("target", ["genglossary", PLAIN])
def test_a_new_scenario_can_be_played_as_it_is(
    typed: Typed, target: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert typed("new", "first-try", "--target", target) == 0
    command = capsys.readouterr().out.splitlines()[-1]
    assert typed(*shlex.split(command)[1:]) == 0
    assert "holds (as expected)" in capsys.readouterr().out


def test_a_new_scenario_names_a_schema_that_is_there_and_allows_it(typed: Typed) -> None:
    assert typed("new") == 0
    text = Path("faults/my-scenario.toml").read_text()
    directive, _, name = text.splitlines()[0].partition(" ")
    assert directive == "#:schema"
    schema = json.loads(Path("faults", name).read_text())
    assert schema == scenario_schema()
    jsonschema.validate(tomllib.loads(text), schema)


def test_everything_that_is_commented_out_is_allowed_too(typed: Typed) -> None:
    typed("new")
    lines = Path("faults/my-scenario.toml").read_text().splitlines()
    loud = [
        line.removeprefix("# ")
        for line in lines
        if not line.startswith("# ") or line.startswith(("# [[", "# kind", "# at", "# to", "# ru"))
    ]
    document = tomllib.loads("\n".join(loud))
    assert document["act"]
    assert document["preemption"]
    jsonschema.validate(document, scenario_schema())


def test_an_existing_scenario_is_left_alone(
    typed: Typed, capsys: pytest.CaptureFixture[str]
) -> None:
    typed("new")
    Path("faults/my-scenario.toml").write_text("mine")
    assert typed("new") == 2
    assert "exists already" in capsys.readouterr().err
    assert Path("faults/my-scenario.toml").read_text() == "mine"


@pytest.mark.parametrize("name", ["../up", "a/b", "", ".hidden", "two words"])
def test_a_name_that_is_no_file_name_is_refused(typed: Typed, name: str) -> None:
    assert typed("new", name) == 2
    assert not Path("faults").exists()


def test_the_schema_is_printed(typed: Typed, capsys: pytest.CaptureFixture[str]) -> None:
    assert typed("new", "--schema") == 0
    assert json.loads(capsys.readouterr().out) == scenario_schema()
    assert not Path("faults").exists()


def test_a_scenario_is_drawn(typed: Typed, capsys: pytest.CaptureFixture[str]) -> None:
    assert typed("draw", str(SCENARIO), "-o", "out.svg") == 0
    assert "commit-answer-lost: holds; drawn to out.svg" in capsys.readouterr().out
    picture = fromstring(Path("out.svg").read_text())
    assert picture.tag.endswith("svg")
    assert any("SQLITE_INTERRUPT" in (text or "") for text in picture.itertext())


def test_another_format_is_refused(typed: Typed, capsys: pytest.CaptureFixture[str]) -> None:
    assert typed("draw", str(SCENARIO), "-o", "out.gif") == 2
    assert ".svg or .png" in capsys.readouterr().err
    assert not Path("out.gif").exists()


def test_without_the_png_library_one_line_says_what_to_install(
    typed: Typed, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "resvg_py", None)
    assert typed("draw", str(SCENARIO), "-o", "out.png") == 2
    assert "pip install runfaults[png]" in capsys.readouterr().err
    assert not Path("out.png").exists()
