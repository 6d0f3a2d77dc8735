"""Saves scenarios in a folder; a folder that takes none costs no verdict."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Generator
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
        path = self._path / f"{scenario.name}.toml"
        try:
            self._path.mkdir(parents=True, exist_ok=True)
            with self._claimed(scenario.name) as path:
                write_whole(path, dump_scenario(scenario, self._path))
        except OSError as error:
            self.unwritten.append(
                f"the scenario {path} could not be written: {error.strerror}; its schedule is in "
                "the report, and --save FOLDER names another place"
            )
            return None
        _OURS.add(path.resolve())
        return str(path)

    @contextlib.contextmanager
    def _claimed(self, name: str) -> Generator[Path]:
        """A file of that name that no other process writes, or has written since this one began."""
        numbered = (f"{name}-{number}" for number in count(2))
        for path in (self._path / f"{each}.toml" for each in chain([name], numbered)):
            claim = path.with_suffix(".toml.new")
            try:
                claim.touch(exist_ok=_is_stale(claim))
            except FileExistsError:
                continue
            try:
                if path.resolve() in _OURS or not _is_newer(path):
                    yield path
                    return
            finally:
                claim.unlink(missing_ok=True)


def _is_stale(claim: Path) -> bool:
    """Whether a process was killed while it had that, before this one began."""
    return claim.exists() and not _is_newer(claim)


def _is_newer(path: Path) -> bool:
    try:
        return path.stat().st_mtime > _BEGAN
    except OSError:
        return False


_BEGAN = time.time()
_OURS: set[Path] = set()
"""The files that this process has written: it may write them again."""
