"""Every scenario file in `faults/` plays as it says."""

from __future__ import annotations

from pathlib import Path

import pytest

from runfaults.explore.replay import replay
from runfaults.explore.scenario_file import dump_scenario, load_scenario
from runfaults.model import Verdict

ROOT = Path(__file__).parent.parent
FILES = sorted((ROOT / "faults").rglob("*.toml"))


@pytest.fixture(autouse=True)
def _at_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    """Scenarios name a control's file as it is seen from there."""
    monkeypatch.chdir(ROOT)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_scenario_plays_as_its_file_says(path: Path) -> None:
    scenario = load_scenario(path)
    played = replay(scenario)
    assert played.as_expected, played.judgements
    broken = tuple(each.rule for each in played.judgements if each.verdict is Verdict.BROKEN)
    assert broken == scenario.rules


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_scenario_file_is_named_by_its_symptom_and_written_in_one_form(path: Path) -> None:
    scenario = load_scenario(path)
    assert path.stem == scenario.name
    assert scenario.symptom.endswith(".")
    assert path.read_text(encoding="utf-8") == dump_scenario(scenario)


def test_the_corrected_manager_holds_and_the_controls_are_broken() -> None:
    for path in FILES:
        scenario = load_scenario(path)
        planted = path.parent.name == "controls"
        assert scenario.target.startswith("tests/controls/") is planted
        assert scenario.expect is (Verdict.BROKEN if planted else Verdict.HOLDS)
