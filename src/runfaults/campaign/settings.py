"""The settings of a project: `[tool.runfaults]` in its pyproject.toml."""

from __future__ import annotations

import os
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import cast

from runfaults.reading import UnreadableError, read, read_toml

_FILE = "pyproject.toml"


class SettingsError(ValueError):
    """Settings that cannot be used; the message names file and key."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The content of `[tool.runfaults]`; its paths are seen from the current folder.

    Attributes:
        rules: Addresses of rules of the project's own.
        target: The system under test, where the command line names none; None if it is not given.
        source: A checkout of GenGlossary in its place; None if it is not given.
        bound: How much to run; None if it is not given.
        budget: The time that a check may take, such as `5m`; None if it is not given.
        save: Folder for the scenario files of violations: that of `own_folder` if it is not given.
        baseline: File of known violations; None if it is not given.
        redact: Whether values of the user's data are left out of what is told.
    """

    rules: tuple[str, ...] = ()
    target: str | None = None
    source: Path | None = None
    bound: str | None = None
    budget: str | None = None
    save: Path = Path(".runfaults")
    baseline: Path | None = None
    redact: bool = False

    @property
    def tested(self) -> str | None:
        """What is tested where the command line names nothing; None if nothing is named here."""
        if self.source is None:
            return self.target
        from runfaults.targets.checkout import checkout_named

        return checkout_named(self.source)


def load_settings(folder: Path | None = None) -> Settings:
    """Read the pyproject.toml of a folder, by default the current one, or of its next parent.

    Raises:
        SettingsError: if it cannot be read, or has a key or a value that means nothing.
    """
    found = _found(folder)
    return Settings() if found is None else _read(*found)


def own_folder() -> Path:
    """Where a project keeps what is not named: beside its settings, else in the current folder.

    Raises:
        SettingsError: if the settings cannot be read.
    """
    found = _found()
    return Settings().save if found is None else _beside(found[0])


def _beside(settings: Path) -> Path:
    return Path(os.path.relpath(settings.parent / Settings().save))


def _found(folder: Path | None = None) -> tuple[Path, dict[str, object]] | None:
    """The file that has the settings, and them; None if there are none."""
    here = Path.cwd() if folder is None else folder.resolve()
    places = (place / _FILE for place in (here, *here.parents))
    path = next((path for path in places if path.exists()), None)
    if path is None:
        return None
    try:
        document = read_toml(read(path))
    except UnreadableError as error:
        raise SettingsError(f"{path}: {error}") from error
    content: object = document.get("tool", {})
    tools = cast("dict[str, object]", content) if _is_table(content) else {}
    found = tools.get("runfaults")
    if found is None:
        for like in get_close_matches("runfaults", tools, 1, 0.85):
            raise SettingsError(f"{path}: [tool.{like}] is read by no one; write [tool.runfaults]")
        return None
    if not _is_table(found):
        raise SettingsError(f"{path}: `tool.runfaults` is not a table; write [tool.runfaults]")
    return path, cast("dict[str, object]", found)


def _read(path: Path, table: dict[str, object]) -> Settings:
    for key in table:
        if key not in Settings.__slots__:
            raise SettingsError(
                f"{path}: [tool.runfaults] has the unknown key {key!r}; "
                f"allowed are: {', '.join(Settings.__slots__)}"
            )
    if "target" in table and "source" in table:
        raise SettingsError(
            f"{path}: [tool.runfaults] has a `target` and a `source`: a check has one of them"
        )
    target = _text(path, table, "target")
    return Settings(
        rules=_addresses(path, table.get("rules", [])),
        target=None if target is None else _from_here(path.parent, target),
        source=_path(path, table, "source"),
        bound=_text(path, table, "bound"),
        budget=_text(path, table, "budget"),
        save=_path(path, table, "save") or _beside(path),
        baseline=_path(path, table, "baseline"),
        redact=_flag(path, table, "redact"),
    )


def _text(path: Path, table: dict[str, object], key: str) -> str | None:
    value = table.get(key)
    if value is None:
        return None
    if not isinstance(value, str) or not value:
        raise SettingsError(
            f"{path}: [tool.runfaults] `{key}` is not a text; write {_EXAMPLES[key]}"
        )
    return value


def _flag(path: Path, table: dict[str, object], key: str) -> bool:
    value = table.get(key, False)
    if not isinstance(value, bool):
        raise SettingsError(
            f"{path}: [tool.runfaults] `{key}` is not true or false; write {key} = true"
        )
    return value


def _path(path: Path, table: dict[str, object], key: str) -> Path | None:
    text = _text(path, table, key)
    return None if text is None else Path(os.path.relpath(path.parent / text))


_EXAMPLES = {
    "target": 'target = "tests/my_target.py:MyTarget"',
    "source": 'source = "."',
    "bound": 'bound = "quick"',
    "budget": 'budget = "5m"',
    "save": 'save = ".runfaults"',
    "baseline": 'baseline = "runfaults-baseline.toml"',
}


def _is_table(value: object) -> bool:
    return isinstance(value, dict)


def _addresses(path: Path, rules: object) -> tuple[str, ...]:
    is_list = isinstance(rules, list)
    if not is_list or not all(isinstance(each, str) for each in cast("list[object]", rules)):
        raise SettingsError(
            f"{path}: [tool.runfaults] `rules` is not a list of texts; "
            'write rules = ["path.py:my_rule"]'
        )
    return tuple(_from_here(path.parent, each) for each in cast("list[str]", rules))


def _from_here(folder: Path, address: str) -> str:
    """The address of a file beside the settings, as it is written in the current folder."""
    place, colon, name = address.rpartition(":")
    if not place.endswith(".py"):
        return address
    return f"{os.path.relpath(folder / place)}{colon}{name}"
