"""Saves scenarios in a folder; a folder that takes none costs no verdict."""

from __future__ import annotations

import contextlib
from pathlib import Path

from runfaults.model import Scenario
from runfaults.scenario.file import dump_scenario


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
        half_written = path.with_suffix(".new")
        try:
            self._path.mkdir(parents=True, exist_ok=True)
            half_written.write_text(dump_scenario(scenario), encoding="utf-8")
            half_written.replace(path)
        except OSError as error:
            with contextlib.suppress(OSError):
                half_written.unlink()
            self.unwritten.append(
                f"the scenario {path} could not be written: {error.strerror}; its schedule is in "
                "the report, and --save FOLDER names another place"
            )
            return None
        return str(path)
