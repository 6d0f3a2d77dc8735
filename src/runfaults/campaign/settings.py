"""The settings of a project: `[tool.runfaults]` in its pyproject.toml."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from runfaults.reading import UnreadableError, read, read_toml

_FILE = "pyproject.toml"


class SettingsError(ValueError):
    """Settings that cannot be used; the message names file and key."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The content of `[tool.runfaults]`.

    Attributes:
        rules: Addresses of rules of the project's own, seen from the current folder.
    """

    rules: tuple[str, ...] = ()


def load_settings(folder: Path | None = None) -> Settings:
    """Read the pyproject.toml of a folder, by default the current one, or of its next parent.

    Raises:
        SettingsError: if it cannot be read, or has a key or a value that means nothing.
    """
    here = Path.cwd() if folder is None else folder.resolve()
    for place in (here, *here.parents):
        if (place / _FILE).exists():
            return _read(place / _FILE)
    return Settings()


def _read(path: Path) -> Settings:
    try:
        document = read_toml(read(path))
    except UnreadableError as error:
        raise SettingsError(f"{path}: {error}") from error
    tools: object = document.get("tool", {})
    found = cast("dict[str, object]", tools).get("runfaults") if _is_table(tools) else None
    if found is None:
        return Settings()
    if not _is_table(found):
        raise SettingsError(f"{path}: `tool.runfaults` is no table; write [tool.runfaults]")
    table = cast("dict[str, object]", found)
    for key in table:
        if key not in Settings.__slots__:
            raise SettingsError(
                f"{path}: [tool.runfaults] has the unknown key {key!r}; "
                f"allowed are: {', '.join(Settings.__slots__)}"
            )
    return Settings(_addresses(path, table.get("rules", [])))


def _is_table(value: object) -> bool:
    return isinstance(value, dict)


def _addresses(path: Path, rules: object) -> tuple[str, ...]:
    is_list = isinstance(rules, list)
    if not is_list or not all(isinstance(each, str) for each in cast("list[object]", rules)):
        raise SettingsError(
            f"{path}: [tool.runfaults] `rules` is no list of texts; "
            'write rules = ["path.py:my_rule"]'
        )
    return tuple(_from_here(path.parent, each) for each in cast("list[str]", rules))


def _from_here(folder: Path, address: str) -> str:
    """The address of a file beside the settings, as it is written in the current folder."""
    place, colon, name = address.rpartition(":")
    if not place.endswith(".py"):
        return address
    return f"{os.path.relpath(folder / place)}{colon}{name}"
