"""A file that is named like a module is pointed to."""

from __future__ import annotations

from pathlib import Path

import pytest

from runfaults.loading import CannotLoadError, load


@pytest.mark.parametrize("folder", ["", "src/"])
def test_a_file_in_the_place_of_a_module_is_named(
    folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / folder / "lying").mkdir(parents=True)
    (tmp_path / folder / "lying/here.py").write_text("")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CannotLoadError, match=rf"{folder}lying/here.py is a file: write {folder}"):
        load("lying.here:Target")
    with pytest.raises(CannotLoadError, match="importing it must end"):
        load("lying.elsewhere:Target")
