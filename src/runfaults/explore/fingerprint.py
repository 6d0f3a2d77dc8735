"""What decides the result of an exploration, as one hash: equal hashes, equal results."""

from __future__ import annotations

import platform
import site
import sqlite3
import sys
import sysconfig
from collections.abc import Iterator
from hashlib import sha256
from importlib.metadata import distributions
from pathlib import Path

import runfaults
from runfaults.explore.bound import Bound


def fingerprint(target: str, bound: Bound) -> str:
    """Hash the target's code, this package's, the bound, and the versions of everything else.

    The target's code is every module outside of the standard library and the installed packages
    that is loaded by now, with all other files of its package; so call it when the target has run
    once. Installed packages count by the hashes that their installer recorded: editing one in
    place is not noticed, nor is a data file beside a single-file module.

    Args:
        target: Name of the system under test.
        bound: Which schedules.
    """
    digest = sha256()
    versions = (platform.python_implementation(), sys.version, sqlite3.sqlite_version, sys.platform)
    for text in (target, repr(bound), *versions, *sorted(_installed())):
        digest.update(f"{text}\n".encode())
    for name, path in sorted(_sources()):
        digest.update(f"{name}\n".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _installed() -> Iterator[str]:
    """Each installed distribution with the hashes of its files."""
    for distribution in distributions():
        record = distribution.read_text("RECORD") or ""
        recorded = sha256(record.encode()).hexdigest()
        yield f"{distribution.name} {distribution.version} {recorded}"


def _sources() -> set[tuple[str, Path]]:
    """The files of every package and module that is in development here, with their names."""
    places = {Path(runfaults.__file__).parent}
    for name, module in tuple(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if file is None or _is_foreign(Path(file)):
            continue
        package = getattr(sys.modules.get(name.partition(".")[0]), "__file__", None) or ""
        whole = Path(package).name == "__init__.py"
        places.add(Path(package).parent if whole else Path(file))
    return {
        (file.relative_to(place.parent).as_posix(), file)
        for place in places
        for file in _files(place)
    }


def _files(place: Path) -> Iterator[Path]:
    for path in (place, *place.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            yield path


def _is_foreign(file: Path) -> bool:
    paths = sysconfig.get_paths()
    foreign = (paths["stdlib"], paths["platstdlib"], paths["purelib"], paths["platlib"])
    return any(file.is_relative_to(folder) for folder in (*foreign, *site.getsitepackages()))
