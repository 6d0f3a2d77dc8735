"""Saves scenarios in a folder; a folder that takes none costs no verdict."""

from __future__ import annotations

import time
from itertools import chain, count
from pathlib import Path

from runfaults.model import Scenario
from runfaults.scenario.file import dump_scenario
from runfaults.temporary import write_whole


class ScenarioFolder:
    """Takes the scenario files of what was found.

    Args:
        path: Where; created when there is something to save.

    Attributes:
        unwritten: What could not be saved, a sentence each.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.unwritten: list[str] = []

    def save(self, scenario: Scenario) -> str | None:
        """Write a scenario's file, whole or not at all.

        Returns:
            The file, as the user would type it; None if it could not be written.
        """
        path = self._free(scenario.name)
        try:
            write_whole(path, dump_scenario(scenario, self._path))
        except OSError as error:
            self.unwritten.append(
                f"the scenario {path} could not be written: {error.strerror}; its schedule is in "
                "the report, and --save FOLDER names another place"
            )
            return None
        _OURS.add(path.resolve())
        return str(path)

    def _free(self, name: str) -> Path:
        """A file of that name that no other process has written since this one began."""
        numbered = (f"{name}-{number}" for number in count(2))
        return next(
            path
            for each in chain([name], numbered)
            for path in [self._path / f"{each}.toml"]
            if path.resolve() in _OURS or not _is_newer(path)
        )


def _is_newer(path: Path) -> bool:
    try:
        return path.stat().st_mtime > _BEGAN
    except OSError:
        return False


_BEGAN = time.time()
_OURS: set[Path] = set()
"""The files that this process has written: it may write them again."""
