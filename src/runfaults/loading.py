"""Loads an object that a user names: `package.module:name` or `path/to/file.py:name`."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from difflib import get_close_matches
from pathlib import Path
from types import ModuleType
from typing import Any
from zlib import crc32

from runfaults.user_code import running

_REMEDY = "importing it must end, and ask for nothing that is not there"

MARKS = ("pyproject.toml", ".git")
"""What the root of a project has."""


class CannotLoadError(LookupError):
    """A module of the user's cannot be imported; the message says why."""


def project_of(folder: Path) -> Path | None:
    """The project that a folder is in: the next folder above with a mark; None if it is in none."""
    above = (folder, *folder.parents)
    return next((each for each in above if any((each / mark).exists() for mark in MARKS)), None)


def load(name: str) -> Any:  # noqa: ANN401  # whatever has that name
    """The object of that name; a file can import its neighbours, and what its project has.

    Args:
        name: `package.module:name` or `path/to/file.py:name`.

    Raises:
        CannotLoadError: if the module cannot be imported, or has no such attribute.
    """
    require_nameable(name)
    place, _, attribute = name.rpartition(":")
    module = _module_at(place)
    if not hasattr(module, attribute):
        raise CannotLoadError(f"{place} has no {attribute!r}{_instead(module, attribute)}")
    return getattr(module, attribute)


def _instead(module: ModuleType, attribute: str) -> str:
    """The name that was meant, if one is like it; else those of what the module defines."""
    defined = [
        name
        for name, value in vars(module).items()
        if not name.startswith("_") and getattr(value, "__module__", None) == module.__name__
    ]
    meant = get_close_matches(attribute, defined, 1)
    if meant:
        return f"; did you mean {meant[0]!r}?"
    return f"; it defines {', '.join(sorted(defined))}" if defined else "; it defines nothing"


def require_nameable(name: str) -> None:
    """See that a file can have this name.

    Raises:
        CannotLoadError: if none can.
    """
    if "\0" in name:
        raise CannotLoadError(f"{name!r} has a NUL character, which no file has in its name")


def _module_at(place: str) -> ModuleType:
    if place.endswith(".py"):
        return _module_in(place)
    with running(f"{place} cannot be imported", _remedy(place), CannotLoadError):
        return importlib.import_module(place)


def _remedy(place: str) -> str:
    """How to name a file that lies where the module of that name would be."""
    file = f"{place.replace('.', '/')}.py"
    there = next((each for each in (file, f"src/{file}") if Path(each).is_file()), None)
    return _REMEDY if there is None else f"{there} is a file: write {there}:NAME"


def _module_in(file: str) -> ModuleType:
    path = Path(file).resolve()
    if not path.is_file():
        raise CannotLoadError(f"there is no file {file}")
    module_name = f"runfaults_loaded_{path.stem}_{crc32(bytes(path)):08x}"
    if module_name in sys.modules:
        return sys.modules[module_name]
    spec = importlib.util.spec_from_file_location(module_name, path)
    if spec is None or spec.loader is None:
        raise CannotLoadError(f"{file} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[module_name] = module
    for folder in (path.parent, project_of(path.parent)):
        if folder is not None and str(folder) not in sys.path:
            sys.path.append(str(folder))
    try:
        with running(f"{file} cannot be imported", _REMEDY, CannotLoadError):
            spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[module_name]
        raise
    return module
