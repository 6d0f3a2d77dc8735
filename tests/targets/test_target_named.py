from __future__ import annotations

from pathlib import Path

import pytest

from runfaults.targets import TARGETS, target_named
from runfaults.targets.genglossary import GenGlossary
from runfaults.targets.target import (
    Cancels,
    CancelsInDatabase,
    Inspectable,
    Manager,
    Reads,
    Signals,
)

MINE = """
import neighbour
from runfaults.targets.genglossary import GenGlossary


class Mine(GenGlossary):
    name = neighbour.NAME
"""


def write(folder: Path, name: str) -> str:
    folder.mkdir(exist_ok=True)
    (folder / "neighbour.py").write_text("NAME = 'shared'")
    (folder / "mine.py").write_text(MINE.replace("neighbour.NAME", repr(name)))
    return f"{folder / 'mine.py'}:Mine"


@pytest.fixture(autouse=True)
def _restored_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend("")


def test_a_built_in_target_is_known_by_its_name() -> None:
    assert isinstance(target_named("genglossary"), GenGlossary)
    assert all(name == target.name for name, target in TARGETS.items())


def test_a_target_is_found_in_a_module() -> None:
    assert isinstance(target_named("runfaults.targets.genglossary:GenGlossary"), GenGlossary)


def test_a_target_is_found_in_a_file_that_may_import_its_neighbours(tmp_path: Path) -> None:
    assert target_named(write(tmp_path, "one")).name == "one"


def test_a_file_may_import_what_its_project_has(tmp_path: Path) -> None:
    (tmp_path / "jobs_of_the_project").mkdir()
    (tmp_path / "jobs_of_the_project/names.py").write_text("NAME = 'far'")
    path = tmp_path / "below/mine.py"
    path.parent.mkdir()
    path.write_text(
        MINE.replace("import neighbour", "from jobs_of_the_project import names as neighbour")
    )
    with pytest.raises(LookupError, match="jobs_of_the_project"):
        target_named(f"{path}:Mine")
    (tmp_path / "pyproject.toml").touch()
    assert target_named(f"{path}:Mine").name == "far"


def test_two_files_of_the_same_name_are_two_targets(tmp_path: Path) -> None:
    one, other = write(tmp_path / "one", "one"), write(tmp_path / "other", "other")
    assert [target_named(one).name, target_named(other).name] == ["one", "other"]


def test_a_file_that_failed_can_be_tried_again(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text("import no_such_module_anywhere")
    with pytest.raises(LookupError, match="no_such_module_anywhere"):
        target_named(f"{path}:Mine")
    path.write_text(MINE.replace("import neighbour\n", "").replace("neighbour.NAME", "'repaired'"))
    assert target_named(f"{path}:Mine").name == "repaired"


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("nobody", "built-in targets are: genglossary"),
        (
            "no.such.module:Mine",
            "cannot be imported: raised ModuleNotFoundError: No module named 'no'",
        ),
        ("runfaults.model:Nobody", "runfaults.model has no 'Nobody'"),
        ("runfaults.model.result:Taly", "has no 'Taly'; did you mean 'Tally'"),
        ("runfaults.model.result:Nobody", "has no 'Nobody'; it defines .*Tally"),
        ("missing.py:Mine", "there is no file missing.py"),
        ("missing.py", "'missing.py' is a file; write which class of it .*: missing.py:CLASS"),
    ],
)
def test_a_target_that_does_not_exist_is_told_with_a_remedy(name: str, told: str) -> None:
    with pytest.raises(LookupError, match=told):
        target_named(name)


def test_the_genglossary_manager_can_do_all_that_the_harness_may_ask(tmp_path: Path) -> None:
    target = GenGlossary()
    target.prepare(tmp_path / "runs.db")
    worked: list[object] = []

    def work(connection: object, run: object, *_: object, **__: object) -> None:
        worked.append(run)

    manager = target.open(tmp_path / "runs.db", work)
    for ability in (Manager, Cancels, CancelsInDatabase, Signals, Reads, Inspectable):
        assert isinstance(manager, ability)
    run = manager.start()
    manager.wait(run)
    assert worked == [run]
    assert manager.status(run) == "completed"
    assert manager.status(run + 1) is None
    assert manager.subscribe(run)() == "completed"
    assert manager.cancel(run) is False
    manager.cancel_in_database(run)
    assert manager.status(run) == "completed"
    manager.close()
    assert list(manager.leaks()) == []
