"""Hashes all that decides a campaign's result: equal hashes, equal results."""

from __future__ import annotations

import platform
import site
import sqlite3
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from hashlib import sha256
from importlib.metadata import distributions
from pathlib import Path

import runfaults
from runfaults.campaign.campaign import Campaign


def fingerprint(campaign: Campaign) -> str:
    """Hash the target's code, this package's, the strategies, and the versions of everything else.

    The target's code is every module outside of the standard library and the installed packages
    that is loaded by now, with all other files of its package; so call it when the target has run
    once. Installed packages count by the hashes that their installer recorded: editing one in
    place is not noticed, nor is a data file beside a single-file module.

    Args:
        campaign: What is run.
    """
    versions = (platform.python_implementation(), sys.version, sqlite3.sqlite_version, sys.platform)
    decisive = (
        campaign.target,
        repr((campaign.strategies, campaign.rules, campaign.own, campaign.redact)),
        *versions,
        *sorted(_installed()),
        _hash_of_files(_places().values()),
    )
    return sha256("\n".join(decisive).encode()).hexdigest()


def _installed() -> Iterator[str]:
    """Each installed distribution with the hashes of its files."""
    for distribution in distributions():
        record = distribution.read_text("RECORD") or ""
        recorded = sha256(record.encode()).hexdigest()
        yield f"{distribution.name} {distribution.version} {recorded}"


def code_in_development() -> dict[str, str]:
    """A hash of each package, or single-file module, whose code `fingerprint` looks at, by name.

    The script with which the process began is left out: processes that do the same may have begun
    with different ones.
    """
    return {
        name: _hash_of_files({place})
        for name, place in _places().items()
        if name not in {"__main__", "__mp_main__"}
    }


def _places() -> dict[str, Path]:
    """The path of each package and module in development here, by its name."""
    places = {"runfaults": Path(runfaults.__file__).parent}
    for name, module in tuple(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if file is None or _is_foreign(Path(file)):
            continue
        top = name.partition(".")[0]
        package = getattr(sys.modules.get(top), "__file__", None) or ""
        whole = Path(package).name == "__init__.py"
        places[top if whole else name] = Path(package).parent if whole else Path(file)
    return places


def _hash_of_files(places: Iterable[Path]) -> str:
    """Hash their files, and the names that these have from anywhere."""
    digest = sha256()
    files = {
        (file.relative_to(place.parent).as_posix(), file)
        for place in places
        for file in _files(place)
    }
    for name, path in sorted(files):
        digest.update(f"{name}\n".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _files(place: Path) -> Iterator[Path]:
    for path in (place, *place.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            yield path


def _is_foreign(file: Path) -> bool:
    paths = sysconfig.get_paths()
    foreign = (paths["stdlib"], paths["platstdlib"], paths["purelib"], paths["platlib"])
    return any(file.is_relative_to(folder) for folder in (*foreign, *site.getsitepackages()))
