"""Every scenario file in `faults/` plays as it says."""

from __future__ import annotations

from pathlib import Path

import pytest

from runfaults.campaign.replay import replay
from runfaults.model import Verdict
from runfaults.scenario.file import dump_scenario, load_scenario
from runfaults.targets.optional import MissingPackageError

ROOT = Path(__file__).parent.parent
FILES = sorted((ROOT / "faults").rglob("*.toml"))


@pytest.fixture(autouse=True)
def _at_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    """Scenarios name a control's file as it is seen from there."""
    monkeypatch.chdir(ROOT)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_scenario_plays_as_its_file_says(path: Path) -> None:
    scenario = load_scenario(path)
    try:
        played = replay(scenario)
    except MissingPackageError as missing:
        pytest.skip(str(missing))
    assert played.matches(scenario), played.judgements
    broken = tuple(each.rule for each in played.judgements if each.verdict is Verdict.BROKEN)
    assert broken == scenario.rules


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_scenario_file_is_named_by_its_symptom_and_survives_being_rewritten(
    path: Path, tmp_path: Path
) -> None:
    scenario = load_scenario(path)
    assert path.stem == scenario.name
    assert scenario.symptom.endswith(".")
    copy = tmp_path / path.name
    copy.write_text(dump_scenario(scenario), encoding="utf-8")
    assert load_scenario(copy) == scenario


def test_the_corrected_manager_holds() -> None:
    scenarios = [load_scenario(path) for path in FILES if path.parent.name == "faults"]
    assert scenarios
    assert {(each.target, each.expect) for each in scenarios} == {("genglossary", Verdict.HOLDS)}


def test_the_planted_bugs_are_broken() -> None:
    scenarios = [load_scenario(path) for path in FILES if path.parent.name == "controls"]
    assert scenarios
    assert all(each.target.startswith("tests/controls/") for each in scenarios)
    assert {each.expect for each in scenarios} == {Verdict.BROKEN}
