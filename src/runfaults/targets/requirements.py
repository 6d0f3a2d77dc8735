"""The packages that a checkout says it needs, and a command that provides them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable
from pathlib import Path
from typing import Any, cast

from runfaults.reading import UnreadableError, read, read_toml


def command_with(folder: Path, packages: Iterable[str]) -> str:
    """The command that checks a checkout with packages installed for that time only.

    Args:
        folder: The checkout.
        packages: Names that it imports.
    """
    requirements = sorted({requirement(folder, package) for package in packages})
    options = " ".join(f"--with {shlex.quote(each)}" for each in requirements)
    return f"uv run {options} runfaults check --source {shlex.quote(str(folder))}"


def requirement(folder: Path, package: str) -> str:
    """The requirement of a checkout that installs what it imports by that name.

    Args:
        folder: The checkout.
        package: The name that is imported.

    Returns:
        The requirement as the checkout's `pyproject.toml` has it, without extras and markers; the
        name itself if none is like it.
    """
    declared = [each.partition(";")[0].strip() for each in _declared(folder)]
    wanted = _normalised(package)
    names = {each: _normalised(re.split(r"[\s\[<>=!~@(]", each)[0]) for each in declared}
    alike = [each for each in declared if names[each] == wanted]
    # `dotenv` is in python-dotenv, `yaml` in PyYAML.
    alike += [each for each in declared if wanted in names[each]]
    return re.sub(r"\[.*?\]", "", alike[0]).replace(" ", "") if alike else package


def _declared(folder: Path) -> list[str]:
    for above in (folder, *folder.parents[:2]):
        try:
            project = _table(read_toml(read(above / "pyproject.toml")).get("project"))
        except UnreadableError:
            continue
        optional = _table(project.get("optional-dependencies"))
        lists = [project.get("dependencies"), *optional.values()]
        declared = [each for of in lists if isinstance(of, list) for each in cast("list[Any]", of)]
        return [each for each in declared if isinstance(each, str)]
    return []


def _table(value: object) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _normalised(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
