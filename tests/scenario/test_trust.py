"""A scenario file has nothing loaded that its user did not ask for."""

from __future__ import annotations

from pathlib import Path

import pytest

from runfaults.model import Scenario, Schedule
from runfaults.scenario.file import ScenarioError, dump_scenario, load_scenario
from runfaults.scenario.trust import NotAskedForError, is_asked_for, require_asked_for

EVIL = 'raise SystemExit("it was run")\n'


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, which is in a project, and another project beside it."""
    for name in ("mine", "theirs"):
        (tmp_path / name / "below").mkdir(parents=True)
        (tmp_path / name / "pyproject.toml").touch()
    (tmp_path / "loose").mkdir()
    monkeypatch.chdir(tmp_path / "mine/below")
    return tmp_path


@pytest.mark.parametrize(
    ("address", "file", "asked_for"),
    [
        ("genglossary", "loose/a.toml", True),
        ("package.module:Class", "loose/a.toml", True),
        ("x.py:T", "loose/a.toml", True),
        ("../x.py:T", "loose/a.toml", True),
        ("../../theirs/x.py:T", "mine/a.toml", False),
        ("../../theirs/x.py:T", "theirs/below/a.toml", True),
        ("../../loose/x.py:T", "loose/a.toml", False),
        ("/tmp/x.py:T", "mine/a.toml", False),
        ("source:..", "loose/a.toml", True),
        ("source:../../theirs", "mine/a.toml", False),
        ("source:../../theirs", "theirs/below/a.toml", True),
    ],
)
def test_code_is_loaded_from_the_project_of_the_folder_or_of_the_file(
    address: str, file: str, *, asked_for: bool, project: Path
) -> None:
    assert is_asked_for(address, project / file) is asked_for
    assert is_asked_for(address, project / file, [address])


def test_what_a_link_leads_to_counts(project: Path) -> None:
    (project / "mine/x.py").symlink_to(project / "theirs/x.py")
    assert not is_asked_for("../x.py:T", project / "mine/a.toml")


@pytest.mark.parametrize(
    ("address", "option"),
    [
        ("../../loose/x.py:T", "--target ../../loose/x.py:T"),
        ("source:/usr", "--source /usr"),
        ("../../a b/x.py:T", "--target '../../a b/x.py:T'"),
    ],
)
def test_a_refusal_says_what_to_add(address: str, option: str, project: Path) -> None:
    with pytest.raises(NotAskedForError, match="add ") as raised:
        require_asked_for(address, project / "mine/a.toml")
    assert str(raised.value).endswith(f"add {option}")
    assert str(project / "mine") in str(raised.value)


def test_a_checkout_that_is_not_there_is_not_to_be_added(project: Path) -> None:
    """Its scenario was copied elsewhere, and names it by the way from its own folder."""
    with pytest.raises(NotAskedForError, match=r"theirs/gone, which is not there: .*add --source"):
        require_asked_for(f"source:{project}/theirs/gone", project / "theirs/a.toml")


def test_rules_of_another_place_are_not_run(project: Path) -> None:
    (project / "loose/rules.py").write_text(EVIL)
    file = project / "mine/a.toml"
    address = "../../loose/rules.py:r"
    file.write_text(
        f'name = "n"\nsymptom = "s"\ntarget = "genglossary"\nown_rules = ["{address}"]\n'
    )
    with pytest.raises(ScenarioError, match=r"a\.toml:4: it wants .* add --rule"):
        load_scenario(file)
    with pytest.raises(Exception, match="it was run"):
        load_scenario(file, [address])


def test_a_checkout_is_named_by_its_way_from_the_file(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkout = project / "theirs"
    scenario = Scenario("n", "s", f"source:{checkout}", Schedule())
    folder = checkout / ".runfaults"
    folder.mkdir()
    text = dump_scenario(scenario, folder)
    assert 'target = "source:.."' in text
    (folder / "n.toml").write_text(text)
    for here in (project, folder, project / "mine"):
        monkeypatch.chdir(here)
        assert load_scenario(folder / "n.toml").target == scenario.target
    moved = project / "moved"
    checkout.rename(moved)
    assert load_scenario(moved / ".runfaults/n.toml").target == f"source:{moved}"


def test_a_file_of_the_project_is_named_by_its_way_from_there(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = project / "mine"
    (mine / "x.py").touch()
    (mine / "rules.py").write_text("from runfaults.oracle.rules import RULES\nr = RULES[0]\n")
    scenario = Scenario("n", "s", "../x.py:T", Schedule(), own_rules=("../rules.py:r",))
    text = dump_scenario(scenario, mine / "below")
    assert 'target = "x.py:T"' in text
    assert '"rules.py:r"' in text
    file = mine / "below/n.toml"
    file.write_text(text)
    for here, seen in (("mine", ""), ("mine/below", "../"), ("theirs", "../mine/")):
        monkeypatch.chdir(project / here)
        read = load_scenario(file)
        assert (read.target, read.own_rules) == (f"{seen}x.py:T", (f"{seen}rules.py:r",))


@pytest.mark.parametrize("file", ["loose/n.toml", "theirs/n.toml"])
def test_what_the_project_of_the_file_lacks_is_seen_from_the_current_folder(
    file: str, project: Path
) -> None:
    (project / "mine/below/x.py").touch()
    (project / file).write_text('name = "n"\nsymptom = "s"\ntarget = "x.py:T"\n')
    assert load_scenario(project / file).target == "x.py:T"


@pytest.mark.parametrize("folder", ["loose", "theirs", "mine"])
@pytest.mark.parametrize("here", ["mine", "theirs", "loose", "."])
def test_a_scenario_that_is_saved_elsewhere_finds_its_code(
    folder: str, here: str, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = project / "mine/below/x.py"
    code.touch()
    scenario = Scenario("n", "s", "x.py:T", Schedule())
    (project / folder / "n.toml").write_text(dump_scenario(scenario, project / folder))
    monkeypatch.chdir(project / here)
    place, _, name = load_scenario(project / folder / "n.toml").target.rpartition(":")
    assert (Path(place).resolve(), name) == (code, "T")
